// The way of one instance to Redis: a TCP proxy that a test may cut, close, silence in one direction, or aim elsewhere.
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';

/** `deaf`: the instance does not hear Redis; `mute`: Redis does not hear the instance; `silent`: both; `closed`: refused. */
export type WayState = 'open' | 'closed' | 'silent' | 'deaf' | 'mute';

export interface Way {
  readonly port: number;
  state(): WayState;
  set(state: WayState): void;
  /** Ends the connections that are there; new ones are made as the state says. */
  cut(): void;
  /** New connections go to this port of the loopback; those that are there end. */
  aim(port: number): void;
  close(): void;
}

export const openWay = async (target: number): Promise<Way> => {
  let state: WayState = 'open';
  let aim = target;
  const pairs = new Set<{readonly near: Socket; readonly far: Socket}>();

  const flow = ({near, far}: {near: Socket; far: Socket}) => {
    // What was sent meanwhile is not lost, as on a network: it comes when the way is open again.
    if (state === 'silent' || state === 'mute') near.pause();
    else near.resume();
    if (state === 'silent' || state === 'deaf') far.pause();
    else far.resume();
  };
  const server = createServer((near) => {
    near.on('error', () => undefined);
    if (state === 'closed') return void near.resetAndDestroy();
    const far = connect(aim, '127.0.0.1');
    const pair = {near, far};
    pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
    }
    flow(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const {near, far} of pairs) {
      near.destroy();
      far.destroy();
    }
  };

  return {
    port: (server.address() as AddressInfo).port,
    state: () => state,
    set(next) {
      state = next;
      if (state === 'closed') cut();
      else for (const pair of pairs) flow(pair);
    },
    cut,
    aim(port) {
      aim = port;
      cut();
    },
    close() {
      cut();
      server.close();
    },
  };
};
