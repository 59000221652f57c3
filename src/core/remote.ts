// A call to another service, as those see it who make one. (How it is made is in remote/.)
import {Unavailable} from './unavailable.ts';

/** One request to another service. */
export interface RemoteRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** http: or https:, from the configuration or from a verified answer; never from an unverified token. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Only idempotent calls are tried again. Default: GET is, the others are not (RFC 9110 section 9.2.2 says more). */
  readonly idempotent?: boolean;
  /** Milliseconds for one attempt; default 2000. The deadline cuts it short. */
  readonly timeout?: number;
  /** A longer reply is an outage. Default 1 MiB. */
  readonly maxBytes?: number;
  /** A question that a caller's credential or request has brought about. Absent: one of our own. */
  readonly asks?: Asks;
}

/** Whose question it is. Failures of one question say little about the service, and strangers wait for nobody but strangers. */
export interface Asks {
  /** `known`: the same question has been answered well before; `first`: anybody may have made it up. */
  readonly standing: Standing;
  /** A name of the question, a hash: two with the same name are one. */
  readonly about: string;
}

export type Standing = 'known' | 'first';

/** A whole reply, of whatever status: what a 404 or a 500 means, the caller knows. */
export interface RemoteAnswer {
  /** Who answered what, for messages: `GET https://id.acme.example/keys`. Without the query, which may hold secrets. */
  readonly asked: string;
  readonly status: number;
  /** Names in lower case; a value for each line sent (`set-cookie` may have several). */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Decoded as UTF-8; malformed bytes become U+FFFD. */
  readonly body: string;
}

/**
 * Calls a dependency (named as in the metrics: `keys:acme`) and waits until `deadline` at most (milliseconds since the
 * epoch; Infinity: as long as the request's time-out). Rejects with Unavailable when there is no whole reply: refused,
 * reset, too late, too long, circuit open, too many others under way. Redirects are not followed: they are answers.
 */
export type RemoteCall = (dependency: string, request: RemoteRequest, deadline: number) => Promise<RemoteAnswer>;

/** How a call ended; `error` includes answers of 500 and above, and 429. `busy`: too many others were under way. */
export type CallResult = 'ok' | 'error' | 'timeout' | 'refused' | 'too_large' | 'circuit_open' | 'busy';

export type CircuitState = 'closed' | 'half_open' | 'open';

/** Told of every call and every turn of a circuit, for metrics. Must not throw. */
export interface RemoteObserver {
  called(dependency: string, result: CallResult, seconds: number): void;
  circuit(dependency: string, state: CircuitState): void;
}

/** What a reply must look like: a zod schema is one. */
export interface Shape<T> {
  safeParse(value: unknown):
    | {readonly success: true; readonly data: T}
    | {
        readonly success: false;
        readonly error: {
          readonly message: string;
          readonly issues?: readonly {readonly path: readonly PropertyKey[]}[];
        };
      };
}

/**
 * The JSON of a reply, checked. Throws Unavailable if the status is not 2xx, the body is not JSON, or not of that shape:
 * a reply that cannot be understood is an outage. The message names the fault and holds nothing of the body.
 */
export const jsonOf = <T>(dependency: string, answer: RemoteAnswer, shape: Shape<T>): T => {
  if (answer.status < 200 || answer.status > 299)
    throw new Unavailable(
      dependency,
      new Error(`${answer.asked} answered with status ${answer.status}${leadsTo(answer)}`),
    );
  const read = shape.safeParse(parsed(dependency, answer));
  if (read.success) return read.data;
  throw new Unavailable(
    dependency,
    new Error(`the answer of ${answer.asked} has not the expected shape${membersOf(read.error.issues)}`, {
      cause: read.error,
    }),
  );
};

/** Redirects are not followed, for they could lead a secret elsewhere: whoever sets the address is told the right one. */
const leadsTo = ({status, headers, asked}: RemoteAnswer): string => {
  const location = status >= 300 && status < 400 ? headers.get('location')?.[0] : undefined;
  const base = asked.split(' ')[1];
  const url = location === undefined ? null : URL.parse(location, base);
  return url === null
    ? ''
    : `, which leads to ${`${url.origin}${url.pathname}`.slice(0, 256)}: set that address, for redirects are not followed`;
};

/** The members that do not fit, so that somebody can mend them: ` (exp, keys.0.kid)`. Names that are none may be values. */
const membersOf = (issues: readonly {readonly path: readonly PropertyKey[]}[] = []): string => {
  const paths = issues.map(({path}) => path.map(String).join('.')).filter((path) => /^[\w.-]{1,64}$/.test(path));
  return paths.length === 0 ? '' : ` (${[...new Set(paths)].slice(0, 3).join(', ')})`;
};

const parsed = (dependency: string, answer: RemoteAnswer): unknown => {
  try {
    // RFC 8259 section 8.1: who reads may leave out a byte order mark, which some servers write.
    return JSON.parse(answer.body.startsWith('\ufeff') ? answer.body.slice(1) : answer.body);
  } catch {
    const type = answer.headers.get('content-type')?.[0]?.slice(0, 60) ?? 'no content type';
    throw new Unavailable(dependency, new Error(`the answer of ${answer.asked} is not JSON (${type})`));
  }
};
