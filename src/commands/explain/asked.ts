// What `postern explain` is asked about: a method and a path with flags, a curl command, or a CheckRequest as JSON.

import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {headersFrom, type Request} from '../../core/request/request.ts';
import {readingFault} from '../../core/words/fileFault.ts';
import {jsonFault} from '../../core/words/jsonFault.ts';
import {parse} from '../../envoy/parse.ts';
import type {CheckRequest} from '../../envoy/wire.ts';
import {CommandError} from '../settings.ts';
import {type AskedRequest, headerOf, placeOf, readCurl} from './curl.ts';

export interface AskedOptions {
  readonly host?: string;
  readonly header?: readonly string[];
  readonly cookie?: readonly string[];
  readonly token?: string;
  readonly curl?: string;
  readonly checkRequest?: string;
  readonly rule?: string;
}

/** The request, or a CommandError that says what is missing. */
export const requestAsked = async (
  method: string | undefined,
  path: string | undefined,
  options: AskedOptions,
): Promise<Request> => {
  const ways = [path ?? method, options.curl, options.checkRequest].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    throw new CommandError(
      'what is to be explained? Give METHOD PATH, or --curl COMMAND, --check-request FILE or --decision ID; one of them',
    );
  }
  if (options.checkRequest !== undefined) return withFlags(await readCheckRequest(options.checkRequest), options);
  const asked = options.curl === undefined ? plainly(method, path) : readCurl(options.curl);
  return withFlags(requestOf(asked), options);
};

/** `GET /orders`, `/orders`, or an address in the place of the path. */
const plainly = (method: string | undefined, path: string | undefined): AskedRequest => {
  const [verb, where] = path === undefined ? ['GET', method ?? '/'] : [method ?? 'GET', path];
  if (/^[a-z]+:\/\//i.test(where)) return {...placeOf(where, 'PATH'), method: verb, headers: []};
  return {method: verb, host: 'localhost', scheme: 'https', target: where, headers: []};
};

const requestOf = ({method, host, scheme, target, headers}: AskedRequest): Request => ({
  kind: 'http',
  id: 'explained',
  method,
  scheme,
  host,
  target,
  headers: headersFrom(headers),
  source: {address: '', principal: ''},
});

const withFlags = async (
  request: Request,
  {host, header = [], cookie = [], token, rule}: AskedOptions,
): Promise<Request> => {
  const lines: [string, string][] = [
    ...request.headers,
    ...header.map(headerOf),
    ...cookie.map((one): [string, string] => ['cookie', one]),
    ...(token === undefined ? [] : [['authorization', `Bearer ${await tokenOf(token)}`] as [string, string]]),
  ];
  return {
    ...request,
    headers: headersFrom(lines),
    ...(host !== undefined && {host}),
    ...(rule !== undefined && {namedRule: rule}),
  };
};

/** `@file` reads it from there, `-` from standard input: a shell's history is no place for a token. */
export const tokenOf = async (given: string): Promise<string> => {
  if (given !== '-' && !given.startsWith('@')) {
    if (existsSync(given)) throw new CommandError(`--token: ${given} is a file: write @${given} to take what is in it`);
    return given;
  }
  return (await contentOf(given === '-' ? '-' : given.slice(1))).trim();
};

/** The content of a file, or of standard input for `-`. */
export const contentOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file}: ${readingFault(error)}`);
  }
};

/** protobuf's JSON (lowerCamelCase) or the names of the .proto file: people paste both. */
const readCheckRequest = async (file: string): Promise<Request> => {
  const text = await contentOf(file);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${file}: ${jsonFault(error, text)}`);
  }
  const parsed = parse(snakeCased(raw) as CheckRequest);
  if (parsed === 'malformed') {
    throw new CommandError(`${file}: is no CheckRequest: it needs attributes.request.http with method and path`);
  }
  return parsed;
};

/** Keys of maps (headers, extensions) stay as they are. */
const maps = new Set(['headers', 'context_extensions']);

const snakeCased = (value: unknown, isMap = false): unknown => {
  if (Array.isArray(value)) return value.map((item) => snakeCased(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = isMap ? key : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      if (name === 'raw_value' && typeof inner === 'string') return [name, Buffer.from(inner, 'base64')];
      return [name, snakeCased(inner, maps.has(name) && !Array.isArray(inner))];
    }),
  );
};
