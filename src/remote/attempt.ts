// One attempt at a call: one request, one whole reply, or the finding of what went wrong.

import type {CallResult, RemoteAnswer, RemoteRequest} from '../core/remote.ts';
import {connectionSentence} from '../core/words/connectionFault.ts';
import type {Pool} from './pool.ts';
import {unpacked} from './unpacked.ts';

const mebibyte = 1_048_576;

/** Why there is no whole reply. The message names no more than host and port. */
export class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';
  readonly result: CallResult;
  /** Milliseconds that the other side was given. */
  readonly given: number;

  constructor(result: CallResult, message: string, given: number, cause?: unknown) {
    super(message, {cause});
    this.result = result;
    this.given = given;
  }
}

/** RFC 9110 section 12.5.3: without `accept-encoding` any encoding is as good as none. */
const usual = {accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'postern'};

/** Makes one attempt on connections of a pool. */
export type Attempt = (pool: Pool, request: RemoteRequest, milliseconds: number) => Promise<RemoteAnswer>;

/**
 * Gives the other side `milliseconds` from connecting to the last byte. Rejects with AttemptFailed only. No redirects (an
 * answer could else send a secret elsewhere), no cookies. None but plain answers are asked for; what is packed all the same
 * (a file in a store that holds it so) is unpacked, up to the cap.
 */
export const attempt: Attempt = async (pool, request, milliseconds) => {
  const {origin, hostname, pathname, search} = new URL(request.url);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), milliseconds);
  try {
    const asking = pool.dispatcherFor(request.headers?.host ?? '', hostname).request({
      origin,
      path: pathname + search,
      method: request.method,
      headers: {...usual, ...request.headers},
      body: request.body ?? null,
      signal: stop.signal,
      responseHeaders: null,
    });
    const {statusCode, headers, body} = await orStopped(asking, stop.signal);
    const cap = request.maxBytes ?? mebibyte;
    const chunks: Buffer[] = [];
    let size = 0;
    // Leaving the loop early destroys the body, and with it the connection.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > cap) throw new AttemptFailed('too_large', `its answer is longer than ${cap} bytes`, milliseconds);
      chunks.push(chunk);
    }
    const plain = await unpacked(Buffer.concat(chunks), `${headers['content-encoding'] ?? ''}`, cap);
    if (typeof plain === 'string') throw new AttemptFailed('error', plain, milliseconds);
    return {
      asked: `${request.method} ${origin}${pathname}`,
      status: statusCode,
      headers: listed(headers),
      body: plain.toString('utf8'),
    };
  } catch (cause) {
    if (cause instanceof AttemptFailed) throw cause;
    if (stop.signal.aborted || isTimeout(cause))
      throw new AttemptFailed('timeout', `no answer from ${origin} in ${milliseconds} ms`, milliseconds, cause);
    throw new AttemptFailed(
      isRefused(cause) ? 'refused' : 'error',
      `no answer from ${origin}: ${messageOf(cause)}`,
      milliseconds,
      cause,
    );
  } finally {
    clearTimeout(timer);
  }
};

/**
 * undici hears a signal only once it has a connection: a name that is not found, a handshake or a tunnel that nobody ends
 * would cost its ten seconds or more. What is given up is never sent, for undici looks at the signal before it writes.
 */
const orStopped = <T>(asking: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), {once: true});
    asking.then(resolve, reject);
  });

const listed = (headers: Record<string, string | string[] | undefined>): ReadonlyMap<string, readonly string[]> => {
  const map = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  return map;
};

const codeOf = (error: unknown): string => {
  const code = error instanceof Error ? (error as Error & {code?: unknown}).code : undefined;
  return typeof code === 'string' ? code : '';
};

const isTimeout = (error: unknown): boolean => /TIMEOUT|ETIMEDOUT/.test(codeOf(error));

const isRefused = (error: unknown): boolean =>
  ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(codeOf(error));

/** An AggregateError (several addresses tried) says nothing itself, and a failed fetch hides what it met. */
const messageOf = (error: unknown): string => connectionSentence(firstOf(error));

const firstOf = (error: unknown): unknown => (error instanceof AggregateError ? error.errors[0] : error);
