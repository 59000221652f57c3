// The connections of callers: how many there may be, how long one may stay silent, and how often it may take calls back.
import type {Http2Server, ServerHttp2Session} from 'node:http2';
import type {Socket} from 'node:net';
import type {TLSSocket} from 'node:tls';
import {type Arriving, makeArriving} from '../core/arriving.ts';

/** Limits for whoever reaches the port. Times in milliseconds. */
export interface ConnectionLimits {
  /** Connections at once. Beyond it the oldest silent one goes: those that never asked first. */
  readonly most: number;
  /** A connection that has not asked anything yet. */
  readonly untilFirstCall: number;
  /** One that has asked, and is silent since. It is told before, so that no call is lost. */
  readonly idle: number;
  /** Calls that one connection may take back at once, and per second. */
  readonly resetBurst: number;
  readonly resetRate: number;
}

/**
 * Resets: Envoy sends all checks of a worker over one connection and resets the stream of each that it no longer wants,
 * so that at a late Postern all of them may be: some seconds' worth at once. Postern decides some thousands a second: a
 * connection on which more than twice of that go on being taken back does nothing else (rapid reset, CVE-2023-44487).
 */
export const connectionLimits: ConnectionLimits = {
  most: 1_024,
  untilFirstCall: 10_000,
  idle: 300_000,
  resetBurst: 30_000,
  resetRate: 10_000,
};

/** One connection, as the calls on it see it. */
export interface Connection {
  begun(): void;
  /** `reset`: taken back, by either side. */
  ended(reset: boolean): void;
}

export interface Connections {
  /** Watches what connects to this server. `close` cuts what is left. */
  watch(server: Http2Server): void;
  of(session: object): Connection | undefined;
  /** Ends all that there are now: they are told, calls under way are answered, and within seconds they are gone. */
  end(): void;
  close(): void;
}

interface Peer extends Connection {
  readonly session: ServerHttp2Session;
  calls: number;
  under: number;
  since: number;
  told: boolean;
  /** The steady moment from which on it is ended. */
  ends: number;
}

export interface ConnectionParts {
  readonly limits: ConnectionLimits;
  /** Milliseconds, steady. */
  readonly steady: () => number;
  /** Milliseconds since the epoch: certificates end by it. */
  readonly now: () => number;
  /** Told of each connection that is closed for a limit, and which. */
  readonly closed: (limit: 'connections' | 'silent' | 'idle' | 'resets') => void;
}

const lookEvery = 1_000;
/** A connection that is to end is cut, if calls on it take longer. */
const lastCalls = 5_000;
/** Error codes of RFC 9113 section 7, and the largest id of a stream. */
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;
const LAST_STREAM = 2 ** 31 - 1;

export const makeConnections = ({limits, steady, now: wall, closed}: ConnectionParts): Connections => {
  const peers = new Map<object, Peer>();
  const arriving: Arriving<Socket> = makeArriving(limits.most, () => closed('connections'));

  const end = (peer: Peer, limit: Parameters<typeof closed>[0]): void => {
    peers.delete(peer.session);
    closed(limit);
    peer.session.destroy(undefined, ENHANCE_YOUR_CALM);
  };

  /** The one whose loss costs least: one that never asked before one that has, then the longest silent. */
  const dispensable = (except: Peer): Peer | undefined => {
    let found: Peer | undefined;
    for (const peer of peers.values()) {
      if (peer === except || peer.under > 0) continue;
      if (found === undefined || (peer.calls > 0 ? 1 : 0) < (found.calls > 0 ? 1 : 0)) found = peer;
      else if (peer.calls > 0 === found.calls > 0 && peer.since < found.since) found = peer;
    }
    return found;
  };

  const enter = (session: ServerHttp2Session): void => {
    let credit = limits.resetBurst;
    let refilled = steady();
    const peer: Peer = {
      session,
      calls: 0,
      under: 0,
      since: refilled,
      told: false,
      ends: refilled + untilOf(session) - wall(),
      begun() {
        peer.calls += 1;
        peer.under += 1;
      },
      ended(reset) {
        peer.under -= 1;
        if (peer.under === 0) peer.since = steady();
        if (!reset || session.destroyed) return;
        credit -= 1;
        if (credit >= 0) return;
        const now = steady();
        credit = Math.min(limits.resetBurst, credit + ((now - refilled) * limits.resetRate) / 1_000);
        refilled = now;
        if (credit < 0) end(peer, 'resets');
      },
    };
    peers.set(session, peer);
    session.once('close', () => peers.delete(session));
    if (peers.size > limits.most) end(dispensable(peer) ?? peer, 'connections');
  };

  const look = (): void => {
    const now = steady();
    for (const peer of peers.values()) {
      if (now >= peer.ends) {
        if (now - peer.ends > lastCalls) peer.session.destroy(undefined, CANCEL);
        else retire(peer);
        continue;
      }
      if (peer.under > 0) continue;
      const silent = now - peer.since;
      if (peer.calls === 0) {
        if (silent > limits.untilFirstCall) end(peer, 'silent');
      } else if (silent > limits.idle) {
        if (!peer.told) closed('idle');
        retire(peer);
      } else peer.told = false;
    }
  };
  /** Two steps, a look apart: what is sent before the caller has heard of it is still answered. */
  const retire = (peer: Peer): void => {
    if (peer.session.closed || peer.session.destroyed) return;
    if (!peer.told) {
      peer.told = true;
      peer.session.goaway(0, LAST_STREAM);
      return;
    }
    peer.session.close();
  };
  const looking = setInterval(look, Math.min(lookEvery, limits.untilFirstCall, limits.idle)).unref();

  return {
    watch(server) {
      server.on('session', enter);
      server.on('secureConnection', arriving.arrived);
      if (server.listenerCount('secureConnection') > 1) server.prependListener('connection', arriving.came);
    },
    of: (session) => peers.get(session),
    end() {
      const now = steady();
      arriving.end();
      for (const peer of peers.values()) peer.ends = Math.min(peer.ends, now);
      look();
    },
    close() {
      clearInterval(looking);
      // grpc-js forgets its sessions where channelz is off: a call in flight would keep them.
      for (const {session} of peers.values()) session.destroy(undefined, CANCEL);
    },
  };
};

/** When the certificate that was shown ends, milliseconds since the epoch. */
const untilOf = ({socket}: ServerHttp2Session): number => {
  const {authorized} = socket as Partial<TLSSocket>;
  const certificate = authorized === true ? (socket as TLSSocket).getPeerX509Certificate() : undefined;
  return certificate === undefined ? Number.POSITIVE_INFINITY : Date.parse(certificate.validTo);
};
