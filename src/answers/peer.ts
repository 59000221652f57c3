// Whom the client certificate of a connection names (RFC 5280 section 4.2.1.6, SPIFFE X509-SVID), and until when it holds.
import type {X509Certificate} from 'node:crypto';

export interface Peer {
  /** URIs as they stand, DNS names in lower case. Of several URIs none, for nobody knows whose certificate it is. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** A connection without a certificate. */
export const nobody: Peer = {names: [], until: Number.POSITIVE_INFINITY};

/** The certificate must have been verified. Its common name is no name: whoever signs may let anybody choose it. */
export const peerOf = (certificate: Pick<X509Certificate, 'subjectAltName' | 'validTo'> | undefined): Peer => {
  if (certificate === undefined) return nobody;
  const entries = entriesOf(certificate.subjectAltName ?? '');
  const uris = entries.filter(([kind]) => kind === 'URI').map(([, value]) => value);
  const whole = uris.length === 1 ? uris.filter((value) => isUri.test(value)) : [];
  const hosts = entries
    .filter(([kind, value]) => kind === 'DNS' && !isUri.test(value))
    .map(([, value]) => value.toLowerCase());
  return {names: [...whole, ...hosts], until: Date.parse(certificate.validTo)};
};

/** A name of the one kind is none of the other: an authority may let somebody choose one, and not the other. */
const isUri = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Node writes `DNS:a, URI:b`, and in JSON's quotes what holds a comma, a quote or a control character (CVE-2021-44532). */
const entriesOf = (text: string): readonly (readonly [kind: string, value: string])[] => {
  const entries: [string, string][] = [];
  let at = 0;
  while (at < text.length) {
    entry.lastIndex = at;
    const found = entry.exec(text);
    // What is not written so is of nobody known.
    if (found === null) return [];
    const [whole, kind = '', quoted, plain = ''] = found;
    entries.push([kind, quoted === undefined ? plain : JSON.parse(quoted)]);
    at += whole.length;
  }
  return entries;
};
const entry = /([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?:, |$)/y;
