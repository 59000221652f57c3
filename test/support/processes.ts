// Starts programs, waits until they are ready, and leaves none behind.
import {type ChildProcess, spawn} from 'node:child_process';
import {setTimeout as sleep} from 'node:timers/promises';

export interface Running {
  readonly pid: number;
  /** Everything it has printed so far, standard output and error as they came (the last megabyte). */
  output(): string;
  /** True while it runs. */
  alive(): boolean;
  /** Sends a signal to it (not to its children). */
  signal(name: NodeJS.Signals): void;
  /** Settles when it has ended: its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and SIGKILL to it and its children if it is still there after `grace` ms. Safe to call twice. */
  stop(grace?: number): Promise<number | NodeJS.Signals>;
}

export interface Program {
  /** As messages should call it. */
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Asked again and again until it says true; what it throws counts as false. Absent: ready at once. */
  readonly ready?: (output: string) => boolean | Promise<boolean>;
  /** Is told what it prints, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Milliseconds to become ready. */
  readonly timeout?: number;
}

const kept = 1_000_000;
const running = new Set<ChildProcess>();

/** Each program has a process group of its own, so that what it started ends with it. */
const killGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
};

process.on('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL');
});

/** The programs that were started and have not ended: `name (pid)`. */
export const leftRunning = (): string[] => [...running].map((child) => `${child.spawnargs[0]} (${child.pid})`);

/** Ends every program that is still running. */
export const endAll = async (): Promise<void> => {
  const waiting = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  for (const child of running) killGroup(child, 'SIGKILL');
  await Promise.all(waiting);
};

/** Starts a program and waits until it is ready. Rejects with what it printed if it ends or is not ready in time. */
export const start = async (program: Program): Promise<Running> => {
  const child = spawn(program.command, [...(program.args ?? [])], {
    cwd: program.cwd,
    env: program.env ?? process.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let printed = '';
  const keep = (chunk: Buffer) => {
    printed = (printed + chunk.toString('latin1')).slice(-kept);
    program.onOutput?.(chunk.toString('utf8'));
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', (error) => {
      printed += error.message;
      running.delete(child);
      resolve(127);
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? 'SIGKILL');
    });
  });

  const isAlive = () => running.has(child);
  const self: Running = {
    pid: child.pid ?? 0,
    output: () => Buffer.from(printed, 'latin1').toString('utf8'),
    alive: isAlive,
    signal: (name) => void child.kill(name),
    ended,
    stop: async (grace = 5_000) => {
      if (!isAlive()) return ended;
      child.kill('SIGTERM');
      const over = new AbortController();
      const late = sleep(grace, undefined, {signal: over.signal}).then(
        () => killGroup(child, 'SIGKILL'),
        () => undefined,
      );
      const how = await ended;
      over.abort();
      await late;
      killGroup(child, 'SIGKILL');
      return how;
    },
  };

  const until = performance.now() + (program.timeout ?? 15_000);
  const isReady = async () => (program.ready === undefined ? true : program.ready(self.output()));
  while (!(await isReady().catch(() => false))) {
    const why = !isAlive() ? `ended (${await ended})` : performance.now() > until ? 'is not ready in time' : undefined;
    if (why !== undefined) {
      killGroup(child, 'SIGKILL');
      await ended;
      throw new Error(`${program.name} ${why}. It printed:\n${self.output().slice(-6_000)}`);
    }
    await sleep(20);
  }
  return self;
};
