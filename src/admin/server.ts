// The HTTP side for operators: serves a table of routes, briefly and with limits.
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {makeBearerCheck} from './bearer.ts';
import {boundConnections} from './connections.ts';
import {makePauseForGuess} from './guesses.ts';
import {makeIsOwnHost} from './hosts.ts';
import {indexPage} from './indexPage.ts';
import {bodyOf, closed, listen} from './listening.ts';
import {type AdminAnswer, type AdminRoute, json} from './route.ts';
import type {AdminSettings} from './settings.ts';

/** What the server says to the log. */
interface AdminLog {
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}

export interface AdminServerParts {
  readonly settings: AdminSettings;
  /** The tokens of now, which a reload may change. Default: those of the settings. */
  readonly tokens?: () => readonly string[] | undefined;
  readonly routes: readonly AdminRoute[];
  readonly log: AdminLog;
  /** Told of what a limit has refused, and tells the log. Default: the log, each time. */
  readonly limited?: (limit: 'connections' | 'guesses' | 'hosts', fields?: object) => void;
  /** Milliseconds, steady. Default: those of this process. */
  readonly steady?: () => number;
}

export interface AdminServer {
  /** Listens, and answers where: `http://127.0.0.1:9190` or `unix:///run/admin.sock`. Rejects if it cannot. */
  start(): Promise<string>;
  /** Stops listening, lets answers under way end for a second, and closes what is left. */
  close(): Promise<void>;
}

const longestBody = 64 * 1024;

/** What may be loaded, run or sent by a page that says nothing else: nothing, and nobody may frame it. */
const lockedPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Limits for callers that send slowly, much, or nothing: probes and scrapes take milliseconds. */
const limits = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
};

export const makeAdminServer = (parts: AdminServerParts): AdminServer => {
  const {settings, routes, log, steady = () => performance.now()} = parts;
  const {limited = (limit, fields = {}) => log.warn({limit, ...fields}, 'refused by a limit of the admin port')} =
    parts;
  const pauseForGuess = makePauseForGuess(steady);
  const isOwnHost = makeIsOwnHost([
    ...settings.hosts,
    ...(settings.listen.kind === 'tcp' ? [settings.listen.host] : []),
  ]);
  const table = new Map<string, AdminRoute[]>();
  for (const route of [home(routes), ...routes]) table.set(route.path, [...(table.get(route.path) ?? []), route]);
  const pages = [...new Set([home(routes), ...routes].filter(({about}) => about !== '').map(({path}) => path))];
  const check = makeBearerCheck(parts.tokens ?? (() => settings.token));

  const answer = async (request: IncomingMessage): Promise<Sent> => {
    const url = URL.parse(request.url ?? '/', 'http://admin.invalid');
    const at = url === null ? undefined : (table.get(url.pathname) ?? table.get(withId(url.pathname)));
    if (url === null || at === undefined) return notFound(pages);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = at.find((candidate) => candidate.method === method);
    if (route === undefined) return wrongMethod(at);
    const mayEnter = route.token === false ? undefined : check();
    if (route.token !== false && mayEnter === undefined) return closedPage;
    if (route.token === true && mayEnter?.(request.headers.authorization) !== true) {
      limited('guesses', {path: route.path, address: request.socket.remoteAddress});
      await pauseForGuess();
      return wrongToken;
    }
    // A page of somebody else cannot know the token.
    if (route.token !== true && !isOwnHost(request.headers.host)) {
      limited('hosts', {host: request.headers.host?.slice(0, 253).replace(/[^ -~]/g, '?')});
      return notOurs;
    }
    const body = await bodyOf(request, longestBody);
    if (body === undefined) return tooLong;
    const headers = request.headers as Record<string, string | undefined>;
    const given = await route.handle({
      method: route.method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body,
    });
    const mayStay = () => route.token !== true || check()?.(headers.authorization) === true;
    return {...given, mayStay};
  };

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      send(request, response, await answer(request));
    } catch (error) {
      if (request.destroyed && !request.complete) return; // the caller went away while sending
      log.error({err: error}, 'an admin page failed because of a bug in Postern; it was answered 500');
      send(request, response, json(500, {error: 'internal', detail: 'A fault in Postern. Its log tells more.'}));
    }
  };

  const server = createServer(limits, (request, response) => void serve(request, response));
  boundConnections(server, () => limited('connections'));

  return {
    start: () => listen(server, settings.listen, 'admin.listen'),
    close: () => closed(server),
  };
};

/** An answer, and what is told of it besides. */
type Sent = AdminAnswer & {
  readonly allow?: string;
  /** Whether its caller would be let in now, too: an answer that goes on outlives a token that is changed. */
  readonly mayStay?: () => boolean;
};

/** Milliseconds between two looks at whether a caller may go on listening. */
const lookEvery = 1_000;

const home = (routes: readonly AdminRoute[]): AdminRoute => ({
  method: 'GET',
  path: '/',
  token: false,
  about: 'This page',
  handle: () => indexPage(routes),
});

const withId = (path: string): string =>
  path.replace(/^(\/[a-z]+)\/[A-Za-z0-9_-]{1,64}(\/[a-z]+)?$/, (_, before, after = '') => `${before}/{id}${after}`);

const notFound = (pages: readonly string[]) =>
  json(404, {error: 'not_found', detail: 'There is no such page here.', pages});

const wrongMethod = (at: readonly AdminRoute[]): Sent => {
  const methods = at.flatMap(({method}) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return {...json(405, {error: 'method_not_allowed', detail: `This page takes ${methods}.`}), allow: methods};
};

const closedPage = json(403, {
  error: 'closed',
  detail: 'This page needs the admin token, and none is configured. Set admin.token to open it.',
});

const wrongToken = json(401, {
  error: 'unauthorized',
  detail: 'This page needs the admin token. Send it as Authorization: Bearer.',
});

const notOurs = json(421, {
  error: 'misdirected',
  detail: 'This port does not answer to that host name. Ask by address, or add the name to admin.hosts.',
});

const tooLong = json(413, {error: 'too_long', detail: `The body is longer than ${longestBody} bytes.`});

const send = (request: IncomingMessage, response: ServerResponse, answer: Sent) => {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(answer.status, {
    'content-type': answer.type,
    ...(answer.stream === undefined ? {'content-length': Buffer.byteLength(answer.body)} : {}),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': answer.policy ?? lockedPolicy,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    ...(answer.allow === undefined ? {} : {allow: answer.allow}),
    ...(answer.status === 401 ? {'www-authenticate': 'Bearer realm="postern admin"'} : {}),
    // What was not read of the body would be taken for the next request.
    ...(request.complete ? {} : {connection: 'close'}),
  });
  if (answer.stream === undefined || request.method === 'HEAD') {
    response.end(request.method === 'HEAD' ? undefined : answer.body);
    return;
  }
  response.write(answer.body);
  const {mayStay = () => true} = answer;
  const looking = setInterval(() => mayStay() || response.destroy(), lookEvery).unref();
  response.once('close', () => clearInterval(looking));
  answer.stream({
    write: (text) => void response.write(text),
    waiting: () => response.writableLength,
    closed: (run) => void response.once('close', run),
  });
};
