// One place for an instance: the real program, killed and started anew, on its own way to Redis, with a clock that can be set.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {freePort, listens, temporaryFolder} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import type {Decision, Event, Life, Token} from './history.ts';
import {openWay, type Way} from './way.ts';

export const adminToken = 'a-token-of-tests';
const steppedClock = fileURLToPath(new URL('steppedClock.mjs', import.meta.url));

export interface Instance {
  readonly name: string;
  readonly way: Way;
  /** Milliseconds for which it keeps a revocation. */
  readonly keep: number;
  life(): Life;
  alive(): boolean;
  clock(): number;
  setClock(offset: number): Promise<void>;
  /** Does not wait until it is ready. */
  start(): Promise<void>;
  kill(): Promise<void>;
  ready(): Promise<boolean>;
  /** Asks for a decision; undefined where there is nobody to ask yet. */
  ask(token: Token): Promise<Decision | undefined>;
  /** A call to the admin port: status and body; status 0 without an answer. */
  call(method: 'POST' | 'DELETE' | 'GET', path: string, body?: object): Promise<{status: number; body: unknown}>;
  logs(): string;
  stop(): Promise<void>;
}

export interface InstanceParts {
  readonly name: string;
  /** Milliseconds, `revocation.keep`. */
  readonly keep: number;
  readonly redisPort: number;
  settings(redisUrl: string): Record<string, unknown>;
  readonly program?: string | undefined;
  readonly now: () => number;
  readonly record: (event: Event) => void;
}

export const makeInstance = async (parts: InstanceParts): Promise<Instance> => {
  const {name, now, record} = parts;
  const way = await openWay(parts.redisPort);
  const clockFile = join(temporaryFolder(), 'clock');
  let lives = 0;
  let offset = 0;
  let living = false;
  let postern: Postern | undefined;
  let client: CheckClient | undefined;
  let starting: Promise<void> = Promise.resolve();
  const life = () => `${name}#${lives}`;
  writeFileSync(clockFile, '0');

  const begin = async (born: number) => {
    const since = now();
    const address = `127.0.0.1:${await freePort()}`;
    const listening = (async () => {
      // A client that is made too early would wait a second before it tries again.
      while (living && lives === born && !(await listens(Number(address.split(':')[1])))) await sleep(5);
      if (living && lives === born) client = makeCheckClient(address);
    })();
    const started = await startPostern(
      {...parts.settings(`redis://127.0.0.1:${way.port}`), admin: {token: adminToken}},
      {
        listen: address,
        unready: true,
        nodeArgs: ['--import', steppedClock],
        env: {POSTERN_TEST_CLOCK: clockFile},
        ...(parts.program !== undefined && {program: parts.program}),
      },
    );
    postern = started;
    // On a busy machine a program takes seconds to begin: what it can be asked to have done counts from here on.
    record({kind: 'stall', at: since, end: now(), life: life()});
    await listening;
  };
  const drop = async () => {
    await starting.catch(() => undefined);
    client?.close();
    client = undefined;
  };

  return {
    name,
    way,
    keep: parts.keep,
    life,
    alive: () => living,
    clock: () => offset,
    async setClock(next) {
      offset = next;
      record({kind: 'clock', at: now(), life: life(), offset});
      writeFileSync(clockFile, String(offset));
      postern?.process.signal('SIGUSR2');
      await sleep(20);
    },
    async start() {
      if (living) return;
      living = true;
      lives += 1;
      record({kind: 'born', at: now(), life: life()});
      starting = begin(lives);
      await starting;
    },
    async kill() {
      if (!living) return;
      await starting.catch(() => undefined);
      record({kind: 'dead', at: now(), life: life()});
      living = false;
      postern?.process.signal('SIGKILL');
      await postern?.process.ended;
      await drop();
    },
    ready: async () =>
      postern !== undefined && (await fetch(`${postern.adminUrl}/readyz`).catch(() => undefined))?.status === 200,
    async ask(token) {
      const asked = client;
      if (!living || asked === undefined) return undefined;
      const about = {life: life(), token, start: now()};
      const request = checkRequestOf({path: '/orders', headers: [['authorization', `Bearer ${token.text}`]]});
      try {
        const {status, okResponse, deniedResponse, errorResponse} = await asked.check(request, {deadline: 3_000});
        const end = now();
        if (status?.code === 0 || status === undefined) {
          return {...about, end, outcome: okResponse === undefined ? 'error' : 'allow'};
        }
        const said = (deniedResponse ?? errorResponse)?.body ?? '';
        return {...about, end, outcome: /"code":\s*"(\w+)"/.exec(said)?.[1] ?? 'error'};
      } catch {
        return {...about, end: now(), outcome: 'error'};
      }
    },
    async call(method, path, body) {
      if (postern === undefined) return {status: 0, body: undefined};
      try {
        const answer = await fetch(postern.adminUrl + path, {
          method,
          headers: {authorization: `Bearer ${adminToken}`, 'content-type': 'application/json'},
          ...(body && {body: JSON.stringify(body)}),
          signal: AbortSignal.timeout(8_000),
        });
        const text = await answer.text();
        return {status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text};
      } catch {
        return {status: 0, body: undefined};
      }
    },
    logs: () => postern?.logs() ?? '',
    async stop() {
      living = false;
      await starting.catch(() => undefined);
      // Killed, since whoever ends it in order is tested elsewhere, and here there are many.
      postern?.process.signal('SIGKILL');
      await postern?.process.ended;
      await drop();
      way.close();
    },
  };
};
