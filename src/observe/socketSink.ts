// Lines to a Unix stream socket that somebody else listens on. Nothing waits for it: what finds no place is dropped and
// counted, and it is connected to again and again.
import {connect, type Socket} from 'node:net';
import type {Health} from '../core/health.ts';
import type {LineSink} from './log.ts';

export interface SocketSinkParts {
  readonly path: string;
  /** So many lines were lost. */
  readonly dropped: (lines: number) => void;
  /** Runs something later, unless called off. */
  readonly after: (milliseconds: number, run: () => void) => () => void;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: {warn(fields: object, sentence: string): void; info(fields: object, sentence: string): void};
  /** Bytes that may wait. Default: 8 MiB. */
  readonly most?: number;
}

export interface SocketSink extends LineSink {
  health(): Health;
  /** Lets what waits be written, for a second, and ends. What is left is counted as dropped. */
  close(): Promise<void>;
}

/** Milliseconds between two attempts to connect: doubled from the first to the last. */
const firstPause = 100;
const longestPause = 5_000;
/** Bytes that the socket may hold before the rest waits here, where it survives the loss of the connection. */
const mostUnderWay = 256 * 1_024;
const patience = 1_000;

export const makeSocketSink = (parts: SocketSinkParts): SocketSink => {
  const {path, dropped, after, random, log, most = 8 * 1_048_576} = parts;
  let waiting: string[] = [];
  let waitingBytes = 0;
  let socket: Socket | undefined;
  let isOpen = false;
  let pause = firstPause;
  let told = false;
  let closed = false;
  let turn = false;
  let emptied: (() => void) | undefined;

  /** Lines of one turn go together; each batch knows how many are lost with it. */
  const flush = (): void => {
    turn = false;
    if (!isOpen || socket === undefined || waiting.length === 0) return;
    if (socket.writableLength > mostUnderWay) return; // 'drain' comes
    const lines = waiting;
    waiting = [];
    waitingBytes = 0;
    socket.write(lines.join(''), (error) => {
      if (error) dropped(lines.length);
      if (waiting.length === 0) emptied?.();
    });
  };
  const soon = (): void => {
    if (turn) return;
    turn = true;
    setImmediate(flush);
  };

  const open = (): void => {
    if (closed) return;
    const opening = connect({path});
    socket = opening;
    opening.unref();
    opening.on('connect', () => {
      isOpen = true;
      pause = firstPause;
      if (told) log.info({path}, 'the socket for decisions takes lines again');
      told = false;
      flush();
    });
    opening.on('drain', soon);
    opening.resume(); // what it says is nobody's
    opening.on('error', (error: NodeJS.ErrnoException) => {
      if (!told)
        log.warn({path, err: error}, 'the socket for decisions (log.decisions.to) cannot be written: trying again');
      told = true;
    });
    opening.on('close', () => {
      isOpen = false;
      after(pause * (0.5 + random() / 2), open);
      pause = Math.min(longestPause, pause * 2);
    });
  };

  return {
    write(line) {
      // Not before there is a line: commands that decide nothing connect to nobody.
      if (socket === undefined) open();
      const bytes = Buffer.byteLength(line);
      if (closed || waitingBytes + bytes + (socket?.writableLength ?? 0) > most) return dropped(1);
      waiting.push(line);
      waitingBytes += bytes;
      if (isOpen) soon();
    },
    health: () =>
      isOpen || socket === undefined
        ? {part: 'decision log', state: 'ready'}
        : {
            part: 'decision log',
            state: 'degraded',
            detail: `nobody takes lines at ${path} (log.decisions.to): ${waiting.length} wait, and requests go on`,
          },
    async close() {
      flush();
      if (isOpen && (waiting.length > 0 || (socket?.writableLength ?? 0) > 0)) {
        await new Promise<void>((resolve) => {
          const end = after(patience, resolve);
          emptied = () => {
            end();
            resolve();
          };
        });
      }
      closed = true;
      if (waiting.length > 0) dropped(waiting.length);
      socket?.destroy();
    },
  };
};
