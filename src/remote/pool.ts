// Connections to other machines that trust the same authorities and show the same certificate: never shared with others.
import type {LookupFunction} from 'node:net';
import {createSecureContext, getCACertificates} from 'node:tls';
import type {buildConnector, Dispatcher} from 'undici';
import type {TlsFiles} from '../core/tlsFiles.ts';
import {makeIsProxied} from './proxied.ts';
import {Agent, makeConnector, ProxyAgent} from './undiciParts.ts';

/** To one host, for all dependencies together: more than all of their lanes let through, so that nobody waits here. */
const connections = 512;

/** How other machines are reached. */
export interface Ways {
  /** PEM of authorities trusted besides the known ones. */
  readonly ca?: string;
  /** URL of a forward proxy, with user name and password where it wants them. */
  readonly proxy?: string;
  /** What is reached without it. */
  readonly noProxy?: readonly string[];
  /** Finds the addresses of hosts. Default: the system's own way. */
  readonly lookup?: LookupFunction;
}

export interface Pool {
  /** @param host the header that the settings have sent instead of the URL's own ('': none) */
  dispatcherFor(host: string, hostname: string): Dispatcher;
  /** Lets what is under way end. Never rejects. */
  close(): Promise<void>;
  /** Ends what is under way, too. */
  destroy(): Promise<void>;
}

/**
 * HTTP/1.1, kept-alive connections, certificates checked, and nothing else that a client might do by itself: no proxy from
 * the environment, no second protocol.
 *
 * @param own contents: authorities trusted besides those of `ways`, and a certificate to be shown
 */
export const makePool = ({ca, proxy, noProxy = [], lookup}: Ways, own: TlsFiles<Buffer> = {}): Pool => {
  const checked = {allowH2: false, rejectUnauthorized: true, ...(lookup && {lookup})};
  /** Made once, and not before it is needed: to read all authorities takes the event loop milliseconds, and memory. */
  const made = derivedOf(() => {
    const authorities = [...(ca === undefined ? [] : [ca]), ...(own.ca === undefined ? [] : [own.ca])];
    const trusted = authorities.length === 0 ? {} : {ca: [...getCACertificates('default'), ...authorities]};
    const {cert, key} = own;
    const withContext = (options: object) => ({...checked, secureContext: createSecureContext(options)});
    const alone = withContext(trusted);
    const tls = cert === undefined || key === undefined ? alone : withContext({...trusted, cert, key});
    return {alone, tls, connect: makeConnector(tls)};
  });
  const plainly = makeConnector(checked);
  const isProxied = makeIsProxied(noProxy);
  const options = {allowH2: false, connections, pipelining: 1, keepAliveTimeout: 10_000, keepAliveMaxTimeout: 60_000};
  /**
   * By the Host that the settings have sent. Left alone, undici asks for a certificate of that name, not of the machine that
   * was dialled, and ends its connections whenever the name changes.
   */
  const direct = new Map<string, Dispatcher>();
  const proxied = new Map<string, Dispatcher>();
  /** Through the proxy: it dials, and the certificate is that of the host in the URL. It is not shown ours. */
  const throughProxy = (uri: string): Dispatcher => {
    const {username, password} = new URL(uri);
    const token =
      username === ''
        ? undefined
        : `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
    const bare = Object.assign(new URL(uri), {username: '', password: ''}).href;
    return new ProxyAgent({
      ...options,
      uri: bare,
      requestTls: made().tls,
      proxyTls: made().alone,
      ...(token !== undefined && {token}),
    });
  };
  const withoutProxy = (): Dispatcher =>
    new Agent({
      ...options,
      connect: ({servername: _, ...to}, done) =>
        (to.protocol === 'https:' ? made().connect : plainly)(to as buildConnector.Options, done),
    });
  const kept = (among: Map<string, Dispatcher>, host: string, make: () => Dispatcher): Dispatcher => {
    const known = among.get(host);
    if (known !== undefined) return known;
    const made = make();
    among.set(host, made);
    return made;
  };
  const all = () => [...direct.values(), ...proxied.values()];

  return {
    dispatcherFor: (host, hostname) =>
      proxy !== undefined && isProxied(hostname)
        ? kept(proxied, host, () => throughProxy(proxy))
        : kept(direct, host, withoutProxy),
    close: async () => {
      await Promise.all(all().map((agent) => agent.close().catch(() => {})));
    },
    destroy: async () => {
      await Promise.all(all().map((agent) => agent.destroy()));
    },
  };
};

const derivedOf = <T>(make: () => T): (() => T) => {
  let made: {readonly value: T} | undefined;
  return () => {
    made ??= {value: make()};
    return made.value;
  };
};
