// One attempt at a call: one request, one whole reply, or the finding of what went wrong.
import {getCACertificates} from 'node:tls';
import type {buildConnector, Dispatcher} from 'undici';
import {connectionFault} from '../core/connectionFault.ts';
import type {CallResult, RemoteAnswer, RemoteRequest} from '../core/remote.ts';
import {makeIsProxied} from './proxied.ts';
import {Agent, makeConnector, ProxyAgent} from './undiciParts.ts';

const mebibyte = 1_048_576;
/** To one host, for all dependencies together: more than all of their lanes let through, so that nobody waits here. */
const connections = 512;

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

/** How other machines are reached. */
export interface Ways {
  /** PEM of authorities trusted besides the known ones. */
  readonly ca?: string;
  /** URL of a forward proxy, with user name and password where it wants them. */
  readonly proxy?: string;
  /** What is reached without it. */
  readonly noProxy?: readonly string[];
}

/** Makes attempts from one pool of connections. */
export interface Attempts {
  /** Gives the other side `milliseconds` from connecting to the last byte. Rejects with AttemptFailed only. */
  attempt(request: RemoteRequest, milliseconds: number): Promise<RemoteAnswer>;
  close(): Promise<void>;
}

/**
 * The pool: HTTP/1.1, kept-alive connections, certificates checked, and nothing else that a client might do by itself:
 * no redirects (an answer could else send a secret elsewhere), no proxy from the environment, no cookies, no decompression
 * (no encoding is offered, so a small reply cannot unpack to a large one).
 */
export const makeAttempts = ({ca, proxy, noProxy = []}: Ways = {}): Attempts => {
  const tls = {
    allowH2: false,
    rejectUnauthorized: true,
    ...(ca !== undefined && {ca: [...getCACertificates('default'), ca]}),
  };
  const connect = makeConnector(tls);
  const isProxied = makeIsProxied(noProxy);
  const options = {allowH2: false, connections, pipelining: 1, keepAliveTimeout: 10_000, keepAliveMaxTimeout: 60_000};
  /**
   * By the Host that the settings have sent instead of the URL's own ('': none). Left alone, undici asks for a certificate
   * of that name, not of the machine that was dialled, and ends its connections whenever the name changes.
   */
  const agents = new Map<string, Dispatcher>();
  let way: Dispatcher | undefined;
  /** Through the proxy: it dials, and the certificate is that of the host in the URL. */
  const proxied = (uri: string): Dispatcher => {
    const {username, password} = new URL(uri);
    const token =
      username === ''
        ? undefined
        : `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
    const bare = Object.assign(new URL(uri), {username: '', password: ''}).href;
    return new ProxyAgent({...options, uri: bare, requestTls: tls, proxyTls: tls, ...(token !== undefined && {token})});
  };
  const agentFor = (host: string, hostname: string): Dispatcher => {
    if (proxy !== undefined && isProxied(hostname)) {
      way ??= proxied(proxy);
      return way;
    }
    const known = agents.get(host);
    if (known !== undefined) return known;
    const agent = new Agent({
      ...options,
      connect: ({servername: _, ...to}, done) => connect(to as buildConnector.Options, done),
    });
    agents.set(host, agent);
    return agent;
  };

  const attempt = async (request: RemoteRequest, milliseconds: number): Promise<RemoteAnswer> => {
    const {origin, hostname, pathname, search} = new URL(request.url);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), milliseconds);
    try {
      const asking = agentFor(request.headers?.host ?? '', hostname).request({
        origin,
        path: pathname + search,
        method: request.method,
        headers: {accept: 'application/json', 'user-agent': 'postern', ...request.headers},
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
      return {
        asked: `${request.method} ${origin}${pathname}`,
        status: statusCode,
        headers: listed(headers),
        body: Buffer.concat(chunks).toString('utf8'),
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

  return {
    attempt,
    close: async () => {
      await Promise.all([...agents.values(), ...(way === undefined ? [] : [way])].map((agent) => agent.destroy()));
    },
  };
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

/** An AggregateError (several addresses tried) has an empty message of its own. */
const messageOf = (error: unknown): string =>
  connectionFault(firstOf(error)) ??
  (error instanceof Error && error.message !== '' ? error.message : codeOf(error) || 'the connection failed');

const firstOf = (error: unknown): unknown => (error instanceof AggregateError ? error.errors[0] : error);
