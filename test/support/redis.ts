// A Redis of its own for a test.
import {rmSync} from 'node:fs';
import {connect, createServer, type Socket} from 'node:net';
import {freePort, listens, temporaryFolder} from './ports.ts';
import {type Running, start} from './processes.ts';
import {tool} from './tools.ts';

export interface Redis {
  readonly port: number;
  /** `redis://127.0.0.1:port` */
  readonly url: string;
  readonly process: Running;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** Kills it (SIGKILL), as a crash would. */
  kill(): Promise<void>;
  /** Stops it from answering (SIGSTOP) while its connections stay open, and lets it go on (SIGCONT). */
  pause(): void;
  resume(): void;
}

export interface RedisOptions {
  /** More arguments of redis-server: `['--requirepass', 'x']`. */
  readonly args?: readonly string[];
  /** Listens there: to come back on the port of one that was killed. */
  readonly port?: number;
}

/** Starts a Redis without persistence on a free port. Rejects with ToolMissing where there is none. */
export const startRedis = async ({args = [], port: wanted}: RedisOptions = {}): Promise<Redis> => {
  const command = await tool('redis-server');
  const port = wanted ?? (await freePort());
  // Of its own: a replica writes what it is sent into a file there, and two of them would share it.
  const folder = temporaryFolder();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const redis = await start({
    name: 'redis-server',
    command,
    args: [...settings, ...args],
    ready: (output) => output.includes('eady to accept connections') || listens(port),
  });
  void redis.ended.then(() => rmSync(folder, {recursive: true, force: true}));
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    process: redis,
    stop: async () => {
      redis.signal('SIGCONT');
      await redis.stop();
    },
    kill: async () => {
      redis.signal('SIGKILL');
      await redis.ended;
    },
    pause: () => redis.signal('SIGSTOP'),
    resume: () => redis.signal('SIGCONT'),
  };
};

/** A way to Redis that can be cut in the middle, or made slow: each answer then takes `delay` milliseconds. */
export const startCuttable = async (port: number, delay = 0) => {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    if (delay === 0) far.pipe(near);
    else far.on('data', (piece) => setTimeout(() => near.writable && near.write(piece), delay));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as {port: number}).port}`,
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
};
