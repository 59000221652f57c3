// What stands before grpc-js: the bytes of each call are bounded before anything is made of them.
import {EventEmitter} from 'node:events';
import type {Http2Server, IncomingHttpHeaders, ServerHttp2Stream} from 'node:http2';
import {status} from '@grpc/grpc-js';
import {makeInOrder, type Placed} from '../core/inOrder.ts';
import type {Connection, Connections} from './connections.ts';

/** Limits of calls, for all connections together. Times in milliseconds. */
export interface CallLimits {
  /** Calls open at once. Beyond it those that began first and are not whole yet go. */
  readonly most: number;
  /** Bytes of messages that are not whole yet, beyond which the same happens. */
  readonly unfinishedBytes: number;
  /** For the whole of a message to arrive, and its end: a proxy has it at hand. */
  readonly toArrive: number;
  /** For a call to end, its answer taken. Streams that are meant to stay are left alone. */
  readonly toEnd: number;
}

export const callLimits: CallLimits = {most: 8_192, unfinishedBytes: 33_554_432, toArrive: 10_000, toEnd: 60_000};

export interface GateParts {
  /** Bytes of one message. */
  readonly maxMessage: number;
  readonly limits: CallLimits;
  readonly connections: Connections;
  /** Path of the calls whose size is told to `tooLarge`, and of those that may stay. */
  readonly check: string;
  readonly stays: ReadonlySet<string>;
  /** Whether calls of this path may send more than one message. */
  readonly many: (path: string | undefined) => boolean;
  /** A CheckRequest is announced that has so many bytes; answers what the caller is told. */
  readonly tooLarge: (bytes: number) => string;
  /** Told of each call that is ended for a limit, and which. */
  readonly refused: (limit: 'compressed' | 'unfinished' | 'calls') => void;
  /** Milliseconds, steady. */
  readonly steady: () => number;
}

export interface Gate {
  /** Stands before the handler that grpc-js has put on this server. */
  guard(server: Http2Server): void;
  /** Calls that are open. */
  open(): number;
  close(): void;
}

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => void;

interface Open extends Placed<Open> {
  readonly stream: ServerHttp2Stream;
  readonly begun: number;
  readonly stays: boolean;
  /** Bytes that have come of what is not whole. */
  bytes: number;
  /** All that it may send has come; where that may be many messages, all of those that have begun. */
  whole: boolean;
}

const CANCEL = 8;
const lookEvery = 1_000;

/**
 * Looks at the headers of each call and at the five bytes before each message (a flag, and the length): a compressed
 * message is refused before it is inflated, a long one before it is read, one that does not come in time is given up. What
 * is over a bound for all takes the oldest unfinished call, since an honest caller's are whole within milliseconds.
 */
export const makeGate = (parts: GateParts): Gate => {
  const {limits, connections, maxMessage, steady} = parts;
  /** Oldest first. */
  const open = makeInOrder<Open>();
  let unfinished = 0;

  const cut = (call: Open): void => {
    parts.refused('unfinished');
    abort(call.stream);
    left(call);
  };
  const left = (call: Open): void => {
    finish(call);
    open.delete(call);
  };
  /** Its message is whole, or is no longer waited for. */
  const finish = (call: Open): void => {
    call.whole = true;
    unfinished -= call.bytes;
    call.bytes = 0;
  };
  const oldestUnfinished = (): Open | undefined => {
    for (const call of open) if (!call.whole) return call;
    return undefined;
  };

  /** Counts what comes. */
  const makeCount = (call: Open, path: string | undefined) => {
    let read = 0;
    let flag = 0;
    let missing = 0;
    let messages = 0;
    const many = parts.many(path);
    return (chunk: Buffer): void => {
      let at = 0;
      while (at < chunk.length) {
        if (read < 5) {
          // The five bytes are read as they come, which needs no place to keep them: the flag, then the length.
          const byte = chunk[at++] as number;
          if (read === 0) flag = byte;
          else missing = missing * 256 + byte;
          read += 1;
          if (read < 5) continue;
          if (flag !== 0) {
            compressed(call.stream);
            return;
          }
          if (missing > maxMessage) {
            tooLong(call.stream, path, missing);
            return;
          }
          messages += 1;
          if (messages > 1 && !many) {
            cut(call);
            return;
          }
        }
        const taken = Math.min(missing, chunk.length - at);
        missing -= taken;
        at += taken;
        if (missing === 0) read = 0;
      }
      // Of one message the end must come, too: else nobody answers it, and it could not be told from those who wait.
      call.whole = many && read === 0;
      unfinished -= call.bytes;
      call.bytes = call.whole ? 0 : call.bytes + chunk.length;
      unfinished += call.bytes;
      while (unfinished > limits.unfinishedBytes) cut(oldestUnfinished() ?? call);
    };
  };

  const compressed = (stream: ServerHttp2Stream): void => {
    if (stream.destroyed || stream.headersSent) return;
    parts.refused('compressed');
    refuse(stream, status.UNIMPLEMENTED, 'messages must not be compressed: leave grpc-encoding out');
  };
  const tooLong = (stream: ServerHttp2Stream, path: string | undefined, bytes: number): void =>
    refuse(
      stream,
      status.RESOURCE_EXHAUSTED,
      path === parts.check ? parts.tooLarge(bytes) : `the message has ${bytes} bytes, and may have ${maxMessage}`,
    );

  const enter = (stream: ServerHttp2Stream, path: string | undefined, connection: Connection | undefined): void => {
    const call: Open = {stream, begun: steady(), stays: parts.stays.has(path ?? ''), bytes: 0, whole: false};
    open.add(call);
    connection?.begun();
    // Both come once: `once` would make a function more of each.
    stream.on('data', makeCount(call, path));
    stream.on('end', () => finish(call));
    stream.on('close', () => {
      left(call);
      connection?.ended(stream.rstCode !== 0);
      letGo(stream);
    });
    if (open.size > limits.most) {
      parts.refused('calls');
      const oldest = oldestUnfinished() ?? call;
      abort(oldest.stream);
      left(oldest);
    }
  };

  const look = (): void => {
    const now = steady();
    for (const call of open) {
      const age = now - call.begun;
      if (age <= limits.toArrive) return;
      if (!call.whole || (age > limits.toEnd && !call.stays)) cut(call);
    }
  };
  const looking = setInterval(look, Math.min(lookEvery, limits.toArrive)).unref();

  return {
    guard(server) {
      const handlers = server.listeners('stream') as OnStream[];
      // grpc-js has no hook before its own reading: fail loudly should it take streams in another way.
      if (handlers.length !== 1) throw new Error('grpc-js has changed: calls cannot be bounded before it reads them');
      const [handle] = handlers as [OnStream];
      server.removeAllListeners('stream');
      server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...rest: unknown[]) => {
        const path = headers[':path'];
        // Without a listener an error of a stream would be uncaught; its `close` tells what there is to tell.
        stream.on('error', nothing);
        enter(stream, path, stream.session && connections.of(stream.session));
        const encoding = headers['grpc-encoding'];
        if (encoding !== undefined && encoding !== 'identity') compressed(stream);
        else if (!stream.destroyed) handle(stream, headers, ...rest);
      });
    },
    open: () => open.size,
    close: () => clearInterval(looking),
  };
};

const nothing = (): void => {};

const {removeAllListeners} = EventEmitter.prototype;
/**
 * Node keeps a stream that has closed for a while: it stands in the Map of its session (see inOrder.ts). All that hangs on
 * it by its listeners, which is all of grpc-js' call and ours, goes at once: a third of the time for garbage is saved.
 * Not by the stream's own `removeAllListeners`, which makes itself ready to be read again.
 */
const letGo = (stream: ServerHttp2Stream): void => {
  removeAllListeners.call(stream, 'removeListener');
  removeAllListeners.call(stream);
  stream.on('error', nothing);
};

/** At once: `close` alone waits for an answer to be written. */
const abort = (stream: ServerHttp2Stream): void => {
  if (stream.destroyed) return;
  stream.close(CANCEL);
  stream.destroy();
};

/** A status and no answer (gRPC over HTTP/2, "Trailers-Only"), which Envoy treats by its failure policy. */
const refuse = (stream: ServerHttp2Stream, code: status, message: string): void => {
  if (stream.destroyed || stream.closed) return;
  if (!stream.headersSent)
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc+proto',
        'grpc-status': code,
        'grpc-message': encodeURI(message),
      },
      {endStream: true},
    );
  // RFC 9113 section 8.1: what is still being sent is not wanted, and that is no error.
  stream.close(0);
};
