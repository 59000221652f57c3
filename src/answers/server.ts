// OpenFeature's remote evaluation protocol (OFREP, github.com/open-feature/protocol) over HTTP: one flag, or all of them.
import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {bodyOf} from '../admin/listening.ts';
import type {EntitlementStore} from '../core/entitlement/entitlement.ts';
import {isHeaderSafe} from '../core/headerSafe.ts';
import {isObject} from '../core/isObject.ts';
import {namedTwice} from '../core/words/jsonTwice.ts';
import type {CallerParts} from './caller.ts';
import {type Asking, type Context, makeCallers, requestOf} from './caller.ts';
import {evaluate, evaluateAll, type Named} from './evaluate.ts';
import {type Failure, failure} from './failure.ts';
import {type Listener, type ListenerParts, makeListener} from './listener.ts';
import type {AnswersSettings} from './settings.ts';
import {makeTrust} from './trust.ts';

/** What decides at the moment: a reload takes its place. */
export interface AnswersBy extends CallerParts {
  readonly entitlements: EntitlementStore;
  /** The same for as long as nothing is loaded anew. */
  readonly named: () => Named;
}

export interface AnswersParts extends ListenerParts {
  readonly settings: AnswersSettings;
  /** `trust` of now, which a reload may change. */
  readonly trust: () => AnswersSettings['trust'];
  readonly by: () => AnswersBy;
  readonly now: () => number;
  readonly newId: () => string;
  /** Lets others have the event loop. */
  readonly pause: () => Promise<void>;
  readonly log: {error(fields: object, sentence: string): void};
}

const longestBody = 64 * 1024;
/**
 * Milliseconds before its certificate ends at which a connection is closed, so that a client makes one with its next
 * certificate.
 */
const lastMinute = 60_000;

interface Answer {
  readonly status: number;
  /** An object, or its JSON. */
  readonly body?: object | string;
  readonly etag?: string;
  readonly setCookies?: readonly string[];
  /** Of 405: the methods that there are. */
  readonly allow?: string;
  /** The connection is closed after it. */
  readonly last?: boolean;
}

const flags = '/ofrep/v1/evaluate/flags';

export const makeAnswersServer = (parts: AnswersParts): Listener => {
  const {settings, by, now, newId, pause, log} = parts;
  const behind = makeTrust(settings, parts.trust);
  let callers: {readonly of: AnswersBy; readonly ask: ReturnType<typeof makeCallers>} | undefined;
  const askers = (current: AnswersBy): ReturnType<typeof makeCallers> => {
    if (callers?.of.providers !== current.providers) callers = {of: current, ask: makeCallers(current)};
    return callers.ask;
  };

  const answer = async (message: IncomingMessage): Promise<Answer> => {
    const path = (message.url ?? '/').split('?', 1)[0] as string;
    if (path === '/ofrep/v1/configuration')
      return onlyBy(message, ['GET', 'HEAD']) ?? {status: 200, body: configuration};
    const key = keyOf(path);
    if (path !== flags && key === undefined)
      return {status: 404, body: {errorCode: 'GENERAL', errorDetails: 'There is no such page here.'}};
    const wrong = onlyBy(message, ['POST']);
    if (wrong !== undefined) return wrong;
    const body = await bodyOf(message, longestBody);
    const read =
      body === undefined
        ? failure(413, 'PARSE_ERROR', `The body is longer than ${longestBody} bytes.`)
        : contextOf(body);
    if (isFailure(read)) return failed(read, key);
    const current = by();
    const moment = now();
    const {trusted, until} = behind(message, moment);
    const asked = {request: requestOf(message, newId()), context: read.context, trusted, now: moment};
    const {asking, setCookies} = await askers(current)(asked);
    const found = isFailure(asking)
      ? failed(asking, key)
      : await (key === undefined ? all(message, current, asking) : one(current, key, asking));
    return {...found, setCookies: setCookies.filter(isHeaderSafe), last: until - lastMinute <= moment};
  };

  const one = async ({entitlements, named}: AnswersBy, key: string, asking: Asking): Promise<Answer> => {
    const evaluated = await evaluate(entitlements, key, asking, now(), named);
    return isFailure(evaluated) ? failed(evaluated, key) : {status: 200, body: evaluated};
  };

  const all = async (message: IncomingMessage, {entitlements, named}: AnswersBy, asking: Asking): Promise<Answer> => {
    const evaluated = await evaluateAll(entitlements, named, asking, now(), pause);
    if (isFailure(evaluated)) return failed(evaluated, undefined);
    const body = JSON.stringify({flags: evaluated});
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    return isKnown(message.headers['if-none-match'], etag) ? {status: 304, etag} : {status: 200, body, etag};
  };

  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      send(message, response, await answer(message));
    } catch (error) {
      if (message.destroyed && !message.complete) return; // the caller went away while sending
      log.error({err: error}, 'an answer for the application failed because of a bug in Postern; it was answered 500');
      send(message, response, {status: 500, body: {errorCode: 'GENERAL', errorDetails: 'A fault in Postern.'}});
    }
  };

  return makeListener(parts, (message, response) => void serve(message, response));
};

/** RFC 9110, section 13.1.2. `*`: whatever there is. */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.trim() === '*' ||
  ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) === true;

/** What a client that asks again and again should know (OFREP's configuration). */
const configuration = {
  name: 'postern',
  capabilities: {
    cacheInvalidation: {polling: {enabled: true, minPollingIntervalMs: 1_000}},
    flagEvaluation: {supportedTypes: ['boolean', 'int', 'float', 'string', 'object']},
  },
};

const isFailure = (value: object): value is Failure => 'code' in value && 'details' in value;

const failed = ({status, code, details}: Failure, key: string | undefined): Answer => ({
  status,
  body: {...(key !== undefined && {key}), errorCode: code, errorDetails: details},
});

const onlyBy = ({method}: IncomingMessage, methods: readonly string[]): Answer | undefined =>
  methods.includes(method ?? '')
    ? undefined
    : {
        status: 405,
        body: {errorCode: 'GENERAL', errorDetails: `This page takes ${methods.join(' and ')}.`},
        allow: methods.join(', '),
      };

/** The flag that a path names; undefined: none, or one that cannot be decoded. */
const keyOf = (path: string): string | undefined => {
  if (!path.startsWith(`${flags}/`)) return undefined;
  try {
    const key = decodeURIComponent(path.slice(flags.length + 1));
    return key === '' || key.length > 256 ? undefined : key;
  } catch {
    return undefined;
  }
};

/** The context is in a member of its own: its names are its sender's, and may be those of a failure. */
const contextOf = (body: string): {readonly context: Context} | Failure => {
  let read: unknown;
  try {
    read = JSON.parse(body);
  } catch {
    return failure(400, 'PARSE_ERROR', 'The body is not JSON. Send {"context": {...}}.');
  }
  const twice = namedTwice(body);
  if (twice !== undefined)
    return failure(400, 'PARSE_ERROR', `The body has ${JSON.stringify(twice.name.slice(0, 64))} twice in one object.`);
  if (!isObject(read)) return failure(400, 'PARSE_ERROR', 'The body is not a JSON object. Send {"context": {...}}.');
  const {context = {}} = read;
  return isObject(context) ? {context} : failure(400, 'INVALID_CONTEXT', 'context is not an object.');
};

const send = (
  message: IncomingMessage,
  response: ServerResponse,
  {status, body, etag, setCookies = [], allow, last}: Answer,
): void => {
  if (response.headersSent || response.destroyed) return;
  const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
  response.writeHead(status, {
    ...(body !== undefined && {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    }),
    'cache-control': 'private, no-cache',
    'x-content-type-options': 'nosniff',
    ...(etag !== undefined && {etag}),
    ...(allow !== undefined && {allow}),
    ...(status === 401 && {'www-authenticate': 'Bearer'}),
    // What was not read of the body would be taken for the next request.
    ...(message.complete && last !== true ? {} : {connection: 'close'}),
    ...(setCookies.length > 0 && {'set-cookie': [...setCookies]}),
  });
  response.end(message.method === 'HEAD' ? undefined : text);
};
