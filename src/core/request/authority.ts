// The one canonical form of an authority, or the finding that it has none.
//
// Whoever cuts a Host header at its first or its last colon, at an `@` or a comma, reads another host out of an odd one
// than the rule table (heimdall CVE-2026-42273). So what is not plainly `host[:port]` is refused, never repaired.

/** Who a request is for, as every reader has it. */
export interface Authority {
  /** Lower case, without one trailing dot: LDH labels, four decimal numbers, or a bracketed IPv6 address (RFC 5952). */
  readonly host: string;
  /** Undefined: none was sent. */
  readonly port: number | undefined;
}

/** RFC 9110 section 7.2: a request whose target has no authority (HTTP/1.0, too) has an empty one. */
const none: Authority = {host: '', port: undefined};

const longest = 253; // RFC 1035 section 2.3.4, as text and without the root's dot

// RFC 1123 section 2.1, and the underscore, which hosts of clusters and of services have (`outbound_.80_._.api.shop`).
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const spelled = new RegExp(`^(?:(${label}(?:\\.${label})*)\\.?|(\\[[0-9a-f:.]{2,45}\\]))(?::([0-9]{1,5}))?$`, 'i');

/** WHATWG URL, "ends in a number": such a name is an address to whoever knows that form, and must be one to everyone. */
const endsInNumber = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;
const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

/**
 * Reads an `:authority` or Host header.
 *
 * @param authority as Envoy gives it
 * @returns undefined where it is ambiguous: anything but a name of LDH labels (underscores are letters), an IPv4 address of
 *   four decimal numbers, or a bracketed IPv6 address, with or without a port of 1 to 5 digits up to 65535. Of a name one
 *   trailing dot is left out. An empty authority is one, without a host.
 */
export const canonicalAuthority = (authority: string): Authority | undefined => {
  if (authority === '') return none;
  // A dot and a port besides; no pattern needs to look at more.
  if (authority.length > longest + 7) return undefined;
  const [, name, bracketed, digits] = spelled.exec(authority) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && port > 65_535) return undefined;
  if (bracketed !== undefined) {
    const host = canonicalIpv6(bracketed);
    return host === undefined ? undefined : {host, port};
  }
  if (name === undefined || name.length > longest) return undefined;
  const host = name.toLowerCase();
  if (endsInNumber.test(host) && !ipv4.test(host)) return undefined;
  return {host, port};
};

/** The host of an authority as rules are compared with it: '' for none, undefined for an ambiguous one. */
export const canonicalHost = (authority: string): string | undefined => canonicalAuthority(authority)?.host;

/** The canonical spelling, for whoever is told of the request; undefined for an ambiguous one. */
export const spelledAuthority = (authority: string): string | undefined => {
  const read = canonicalAuthority(authority);
  if (read === undefined || read.port === undefined) return read?.host;
  return `${read.host}:${read.port}`;
};

/** An address has many spellings (`[0:0::1]`), which every reader knows as one. */
const canonicalIpv6 = (bracketed: string): string | undefined => {
  const url = `http://${bracketed}/`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
};
