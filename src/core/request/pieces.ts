// What a client can make as long as it likes, in pieces, read once a request for all that ask: bounded steps, no exceptions.
import {readOnce} from '../derived.ts';
import {percentDecoded} from './percent.ts';
import {type Request, rawQueryOf} from './request.ts';

/** Bounds beyond which nobody looks: a browser keeps 180 cookies for a site, and Envoy takes 60 KiB of headers. */
export const mostCookies = 300;
export const mostParameters = 1_000;
export const longestLine = 65_536;

/** No parameter's name is longer (settings take 128 characters), each of at most four bytes as three characters. */
const longestName = 128 * 12;

/** One `name=value`, its name as it was written. */
export interface Piece {
  readonly written: string;
  readonly value: string;
}

/** A line taken apart. `whole` is false where it is longer than anyone looks: then `byName` is empty, and proves nothing. */
export interface Pieces {
  readonly whole: boolean;
  /** How many pieces were looked at. */
  readonly steps: number;
  readonly byName: ReadonlyMap<string, readonly Piece[]>;
}

const nothing: Pieces = {whole: true, steps: 0, byName: new Map()};

/** The cookies of a request by name, as sent (RFC 6265 section 4.1.1). A name alone, without `=`, is no cookie. */
export const cookiesOf: (request: Request) => Pieces = readOnce(({headers}) =>
  taken(headers.get('cookie') ?? '', ';', mostCookies, cookie),
);

/** The parameters of a request's query by name, decoded. A name alone has an empty value; one that cannot be decoded is none. */
export const parametersOf: (request: Request) => Pieces = readOnce(({target}) =>
  taken(rawQueryOf(target), '&', mostParameters, parameter),
);

const cookie = (line: string, start: number, end: number, add: (name: string, piece: Piece) => void): void => {
  const equals = line.indexOf('=', start);
  if (equals < 0 || equals >= end) return;
  const written = trimmed(line.slice(start, equals));
  add(written, {written, value: trimmed(line.slice(equals + 1, end))});
};

const parameter = (line: string, start: number, end: number, add: (name: string, piece: Piece) => void): void => {
  const piece = line.slice(start, end);
  const equals = piece.indexOf('=');
  const written = equals < 0 ? piece : piece.slice(0, equals);
  const name = written.length > longestName ? undefined : decodedParameter(written);
  if (name !== undefined) add(name, {written, value: equals < 0 ? '' : piece.slice(equals + 1)});
};

const taken = (line: string, separator: ';' | '&', most: number, read: typeof cookie): Pieces => {
  if (line === '') return nothing;
  if (line.length > longestLine) return {...nothing, whole: false};
  const byName = new Map<string, Piece[]>();
  const add = (name: string, piece: Piece): void => {
    const same = byName.get(name);
    if (same === undefined) byName.set(name, [piece]);
    else same.push(piece);
  };
  let steps = 0;
  for (let start = 0; start <= line.length; steps++) {
    if (steps === most) return {...nothing, steps, whole: false};
    const found = line.indexOf(separator, start);
    const end = found < 0 ? line.length : found;
    read(line, start, end, add);
    start = end + 1;
  }
  return {whole: true, steps, byName};
};

/** A name or value of a query as written -> what it means: percent-decoded, `+` a space. Undefined: it cannot be decoded. */
export const decodedParameter = (written: string): string | undefined =>
  percentDecoded(written.includes('+') ? written.replaceAll('+', ' ') : written);

/** Without spaces and tabs around it: no other white space is any to RFC 6265 and RFC 9110, and a browser keeps it in names. */
export const trimmed = (text: string): string => {
  const start = Math.max(0, text.search(/[^ \t]/));
  let end = text.length;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
};

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
