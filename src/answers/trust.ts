// Which services may ask for anybody: by the socket, by the name in their client certificate, by a token.
import type {IncomingMessage} from 'node:http';
import {TLSSocket} from 'node:tls';
import {makeBearerCheck} from '../admin/bearer.ts';
import {nobody, type Peer, peerOf} from './peer.ts';
import type {AnswersSettings} from './settings.ts';

/** Who stands behind a request. */
export interface Behind {
  readonly trusted: boolean;
  /** Milliseconds since the epoch: until when the certificate of the connection holds. */
  readonly until: number;
}

/** `settings`: those of the start; `trustNow`: those of now, which a reload may change. A socket is one for good. */
export const makeTrust = (
  settings: Pick<AnswersSettings, 'trust'>,
  trustNow: () => AnswersSettings['trust'],
): ((message: IncomingMessage, now: number) => Behind) => {
  const isTrustedSocket = settings.trust?.socket === true;
  const check = makeBearerCheck(() => trustNow()?.token);
  const peers = new WeakMap<object, Peer>();
  const peerBehind = ({socket}: IncomingMessage): Peer => {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return nobody;
    const known = peers.get(socket) ?? peerOf(socket.getPeerX509Certificate());
    peers.set(socket, known);
    return known;
  };
  return (message, now) => {
    const {names, until} = peerBehind(message);
    const clients = trustNow()?.clients;
    // A connection may outlive its certificate.
    const isNamed = clients !== undefined && until > now && names.some((name) => clients.includes(name));
    return {trusted: isTrustedSocket || isNamed || check()?.(message.headers.authorization) === true, until};
  };
};
