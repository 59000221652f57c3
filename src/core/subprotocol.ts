// A token among the subprotocols of a WebSocket (RFC 6455 section 11.3.4), where a browser's script can put nothing else.
import type {Held, Place} from './credential.ts';
import {duplicate, holding, malformed, nothing} from './held.ts';
import {longestLine, trimmed} from './pieces.ts';

export const subprotocolHeader = 'sec-websocket-protocol';

/** As Kubernetes has it: the token in base64url, behind this. */
const kubernetes = 'base64url.bearer.authorization.k8s.io.';
const jwt = /^e[wy][\w-]*\.[\w-]*\.[\w-]*$/;
const mostProtocols = 100;

/**
 * The token that a client offers as a protocol: behind the name of the scheme (`bearer, x`), as Kubernetes writes it, or a
 * JWT by itself. Other protocols are none of ours; two tokens that differ are a duplicate.
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
  if (protocol.startsWith(kubernetes)) return decoded(protocol.slice(kubernetes.length));
  return jwt.test(protocol) ? holding(protocol) : nothing;
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
