// From the wire to the Request that the rest of Postern knows. On the way of every request.
import {isUtf8} from 'node:buffer';
import {addHeader, type Request} from '../core/request/request.ts';
import type {CheckRequest, HeaderValue, HttpRequest, Peer} from './wire.ts';

const nobody: Request['source'] = {address: '', principal: ''};
const noHeaders: Request['headers'] = new Map();

/**
 * The question of a CheckRequest. Method, host, path and peer come from its attributes alone; no header is looked at.
 * Without a `request` it is about a connection (Envoy's network filter). `malformed`: it says nothing at all, or of a
 * request without HTTP, method or path.
 */
export const parse = (message: CheckRequest): Request | 'malformed' => {
  const attributes = message.attributes;
  if (!attributes) return 'malformed';
  const {source, destination, request, context_extensions: extensions} = attributes;
  if (request && !request.http) return 'malformed';
  const http = request?.http;
  if (http ? !http.method || !http.path : !source && !destination) return 'malformed';

  const parsed: Request = {
    kind: http ? 'http' : 'connection',
    id: http?.id ?? '',
    method: http?.method ?? '',
    scheme: http?.scheme ?? '',
    host: http?.host ?? '',
    target: http ? targetOf(http) : '',
    headers: http ? headersOf(http) : noHeaders,
    source: source ? sourceOf(source) : nobody,
  };
  // The route's configuration names the rule; an own property, for the map may hold any key.
  if (!extensions || !Object.hasOwn(extensions, 'rule')) return parsed;
  return {...parsed, namedRule: extensions.rule as string};
};

const sourceOf = ({address, principal = ''}: Peer): Request['source'] => ({
  address:
    address?.socket_address?.address ??
    address?.pipe?.path ??
    address?.envoy_internal_address?.server_listener_name ??
    '',
  principal,
});

/**
 * Envoy writes `!` for bytes that are not UTF-8 (HTTP/2 lets them through), and a path with a `!` is a good one. With
 * `encode_raw_headers` the bytes themselves are there: then U+FFFD stands for them, which no path may have.
 */
const targetOf = ({path = '', header_map: map}: HttpRequest): string => {
  if (!path.includes('!')) return path;
  const raw = map?.headers?.find(({key}) => key === ':path')?.raw_value;
  return raw === undefined || isUtf8(raw) ? path : raw.toString('utf8');
};

/** Envoy fills one of the two forms. A Map, for `__proto__` and `constructor` are header names as good as any. */
const headersOf = (http: HttpRequest): Map<string, string> => {
  const lines = http.header_map?.headers;
  if (lines && lines.length > 0) return joined(lines);
  const headers = new Map<string, string>();
  const given = http.headers;
  if (given) for (const name of Object.keys(given)) headers.set(name, given[name] as string);
  return headers;
};

/** What Envoy does itself without `encode_raw_headers`: values of one name become one, and bytes become text. */
const joined = (lines: readonly HeaderValue[]): Map<string, string> => {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const name = line.key ?? '';
    const value = line.raw_value && line.raw_value.length > 0 ? textOf(line.raw_value) : (line.value ?? '');
    addHeader(headers, name, value);
  }
  return headers;
};

/** Runs of well-formed UTF-8 (RFC 3629 section 4), or else one byte; over bytes read as Latin-1. */
const utf8OrByte =
  /((?:[^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+)|[\x80-\xff]/g;

/** UTF-8 as text; every byte that is not part of it becomes `!`, as Envoy's own sanitising does. */
const textOf = (bytes: Buffer): string => {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const sane = bytes.toString('latin1').replace(utf8OrByte, (_, run?: string) => run ?? '!');
  return Buffer.from(sane, 'latin1').toString('utf8');
};
