// What Envoy asks, parsed once at the edge.

/**
 * One question of Envoy. Method, host, path and peer come from the attributes of the CheckRequest, never from a header
 * that a client could send (X-Forwarded-*, X-HTTP-Method-Override).
 */
export interface Request {
  /** `connection`: a TCP check, which carries no HTTP request; every HTTP field is then empty. */
  readonly kind: 'http' | 'connection';
  /** Envoy's stream id. It is not the x-request-id. */
  readonly id: string;
  /** As sent: methods are case-sensitive (RFC 9110, section 9.1). */
  readonly method: string;
  /** `http` or `https`, as Envoy saw it; '' if unknown. */
  readonly scheme: string;
  /** The `:authority`, as sent: with port, any case. authority.ts reads it. */
  readonly host: string;
  /** The raw `:path`: path and query, as sent. */
  readonly target: string;
  /**
   * Header names in lower case. Several values of a name are joined: by `; ` for `cookie`, by `,` for all others. Without
   * `encode_raw_headers` Envoy has done that before; only of several `cookie` lines of HTTP/1 it makes one by `,`.
   */
  readonly headers: ReadonlyMap<string, string>;
  /** The downstream peer. `principal` is set by Envoy from the client certificate, `''` without one. */
  readonly source: {readonly address: string; readonly principal: string};
  /** The rule that the Envoy route named by `context_extensions: {rule: name}`. */
  readonly namedRule?: string;
  /** What others have read of it and need not read again (readOnce in derived.ts). Absent: they keep it themselves. */
  readonly read?: unknown[];
}

/** Adds a value to those of its name (in lower case), joined as Envoy joins them. */
export const addHeader = (headers: Map<string, string>, name: string, value: string): void => {
  const before = headers.get(name);
  headers.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ','}${value}`);
};

/** The headers of a request from its lines, names in any case. */
export const headersFrom = (lines: Iterable<readonly [name: string, value: string]>): Map<string, string> => {
  const headers = new Map<string, string>();
  for (const [name, value] of lines) addHeader(headers, name.toLowerCase(), value);
  return headers;
};

/** Everything before the first `?` of a request target. */
export const rawPathOf = (target: string): string => {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
};

/** Everything after the first `?` of a request target; '' if there is none. */
export const rawQueryOf = (target: string): string => {
  const mark = target.indexOf('?');
  return mark < 0 ? '' : target.slice(mark + 1);
};
