// The body of POST /explain: a request as somebody typed it, or a curl command.
import {headerOf, placeOf, readCurl} from '../../commands/explain/curl.ts';
import {CommandError} from '../../commands/settings.ts';
import {isObject} from '../../core/isObject.ts';
import {addHeader, headersFrom, type Request} from '../../core/request/request.ts';
import {suggestion} from '../../core/words/nearest.ts';

export interface AskedBody {
  readonly request: Request;
  /** Taken as signed by the issuer of the provider. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  readonly provider: string | undefined;
  /** Milliseconds since the epoch; undefined: now. */
  readonly at: number | undefined;
}

const keys = ['method', 'path', 'host', 'scheme', 'headers', 'token', 'curl', 'claims', 'provider', 'rule', 'at'];
const texts = ['method', 'path', 'host', 'scheme', 'token', 'curl', 'provider', 'rule', 'at'] as const;
type Texts = Partial<Record<(typeof texts)[number], string>>;

/** What is asked, or a sentence that says what is wrong with it. */
export const askedBodyOf = (body: string): AskedBody | string => {
  const read = objectOf(body);
  if (read === undefined) return 'The body is not a JSON object.';
  const unknown = Object.keys(read).find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    return `The body has an unknown key ${JSON.stringify(unknown.slice(0, 64))}${suggestion(unknown, keys)}`;
  }
  const wrong = texts.find((key) => read[key] !== undefined && typeof read[key] !== 'string');
  if (wrong !== undefined) return `${wrong} is not a text.`;
  const {claims} = read;
  if (claims !== undefined && !isObject(claims)) return 'claims is not an object: write {"sub": "alice"}.';
  const {at, token, provider} = read as Texts;
  if (claims !== undefined && token !== undefined) return 'Both token and claims are given: take one of the two out.';
  const time = at === undefined ? undefined : timeOf(at);
  if (Number.isNaN(time)) return 'at is not a time: write 2027-01-31T12:00:00Z.';
  try {
    return {request: requestOf(read as Texts, read.headers), claims: claims as AskedBody['claims'], provider, at: time};
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
};

const requestOf = (texts: Texts, given: unknown): Request => {
  const {curl, token, rule} = texts;
  if ((curl === undefined) === (texts.path === undefined)) {
    throw new CommandError('What is to be explained? Give path (and method), or curl; one of them.');
  }
  const asked = curl === undefined ? plainly(texts) : readCurl(curl);
  const headers = headersFrom([...asked.headers, ...linesOf(given)]);
  if (token !== undefined) addHeader(headers, 'authorization', `Bearer ${token}`);
  const {method, host, scheme, target} = asked;
  return {
    kind: 'http',
    id: 'explained',
    method: texts.method ?? method,
    host: texts.host ?? host,
    scheme: texts.scheme ?? scheme,
    target,
    headers,
    source: {address: '', principal: ''},
    ...(rule !== undefined && {namedRule: rule}),
  };
};

/** A path, or a whole address in its place. */
const plainly = ({path = '/'}: Texts) => {
  const place = /^[a-z]+:\/\//i.test(path) ? placeOf(path, 'path') : {host: 'localhost', scheme: 'https', target: path};
  return {...place, method: 'GET', headers: []};
};

/** `{name: value}`, `{name: [value, value]}`, or lines: `["name: value"]`. */
const linesOf = (given: unknown): [string, string][] => {
  if (given === undefined) return [];
  const lines = Array.isArray(given)
    ? given.map((line) => (typeof line === 'string' ? headerOf(line) : undefined))
    : isObject(given)
      ? Object.entries(given).flatMap(([name, value]) =>
          (Array.isArray(value) ? value : [value]).map((one): [string, string] | undefined =>
            typeof one === 'string' ? [name, one] : undefined,
          ),
        )
      : [undefined];
  if (lines.some((line) => line === undefined)) {
    throw new CommandError('headers is neither {"name": "value"} nor a list of "name: value".');
  }
  return lines as [string, string][];
};

const objectOf = (body: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const timeOf = (at: string): number =>
  /^\d{4}-\d\d-\d\dT.*([Zz]|[+-]\d\d:\d\d)$/.test(at) ? Date.parse(at) : Number.NaN;
