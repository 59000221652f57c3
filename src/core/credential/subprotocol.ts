// A token among the subprotocols of a WebSocket (RFC 6455 section 11.3.4), where a browser's script can put nothing else.

import {percentDecoded} from '../request/percent.ts';
import {longestLine, trimmed} from '../request/pieces.ts';
import type {Held, Place} from './credential.ts';
import {duplicate, holding, malformed, nothing} from './held.ts';

export const subprotocolHeader = 'sec-websocket-protocol';

/** As Kubernetes has it, and others under a name of their own: the token in base64url, behind this. */
const kubernetes = /^base64url\.bearer\.authorization\.(?:[a-z0-9-]+\.)+(?=[^.]*$)/i;
/** The same in base64, as a browser makes it. */
const openHab = 'org.openhab.ws.accessToken.base64.';
const jwt = /^e[wy][\w-]*\.[\w-]*\.[\w-]*$/;
/** A JWT behind a word: `access_token.eyJ...`, `bearer-eyJ...`, and Quarkus' `...#Authorization#Bearer eyJ...`. */
const behindWord = /^[^,]{1,128}?[ #.:=~+-](eyJ[\w-]*\.[\w-]+\.[\w-]*)$/;
const mostProtocols = 100;

/**
 * The token that a client offers as a protocol: behind the name of the scheme (`bearer, x`), as Kubernetes writes it, or a
 * JWT by itself or behind a word. Other protocols are none of ours; two tokens that differ are a duplicate.
 *
 * @param scheme the protocol after which the token comes, in any case
 */
export const subprotocolPlace = (scheme = 'bearer'): Place => {
  const name = scheme.toLowerCase();
  return {
    label: `header:${subprotocolHeader}:${name}`,
    kind: 'header',
    name: subprotocolHeader,
    find({headers}) {
      const line = headers.get(subprotocolHeader);
      if (line === undefined) return nothing;
      const offered = protocolsOf(line);
      if (offered === undefined) return malformed(`it offers more than ${mostProtocols} protocols`);
      return offered.reduce<Held>(
        (held, protocol, at) => together(held, tokenAt(offered, at, protocol, name)),
        nothing,
      );
    },
    without: (line) =>
      protocolsOf(line)
        ?.filter((protocol, at, all) => tokenAt(all, at, protocol, name).held === 'nothing')
        .join(', ') ?? '',
  };
};

const protocolsOf = (line: string): readonly string[] | undefined => {
  if (line.length > longestLine) return undefined;
  const protocols = line.split(',', mostProtocols + 1).map(trimmed);
  return protocols.length > mostProtocols ? undefined : protocols;
};

/** The name of the scheme is a protocol that the service may choose; what stands behind it is the token. */
const tokenAt = (offered: readonly string[], at: number, protocol: string, name: string): Held => {
  if (at > 0 && offered[at - 1]?.toLowerCase() === name)
    return protocol === '' ? malformed('nothing stands behind the scheme') : holding(protocol);
  const [prefix] = kubernetes.exec(protocol) ?? [];
  if (prefix !== undefined) return decoded(protocol.slice(prefix.length));
  if (protocol.startsWith(openHab)) {
    const base64 = protocol.slice(openHab.length).replace(/={1,2}$/, '');
    return decoded(base64.replaceAll('+', '-').replaceAll('/', '_'));
  }
  if (jwt.test(protocol)) return holding(protocol);
  const [, behind] = behindWord.exec(percentDecoded(protocol) ?? '') ?? [];
  return behind === undefined ? nothing : holding(behind);
};

const decoded = (text: string): Held => {
  const bytes = Buffer.from(text, 'base64url');
  const token = bytes.toString('latin1');
  return bytes.toString('base64url') === text && /^[!-~]+$/.test(token)
    ? holding(token)
    : malformed('it is no base64url of a token');
};

const together = (one: Held, other: Held): Held => {
  if (one.held === 'nothing' || other.held === 'malformed') return other;
  if (other.held === 'nothing' || one.held !== 'value' || other.held !== 'value') return one;
  return one.value === other.value ? one : duplicate;
};
