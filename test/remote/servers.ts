// Small HTTP servers that behave as they are told, and end when the test ends.
import {readFileSync} from 'node:fs';
import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {makeRemote, type Remote, type RemoteParts} from '../../src/remote/client.ts';

export interface TestServer {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  /** What was asked, in order: `GET /path`. */
  readonly asked: string[];
  close(): Promise<void>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** Certificate and key for localhost and 127.0.0.1, of no authority; good until 2126. */
export const tlsFile = (name: 'server.pem' | 'server-key.pem'): string =>
  readFileSync(new URL(`./tls/${name}`, import.meta.url), 'utf8');

const listener =
  (asked: string[], answer: Answer): RequestListener =>
  (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => answer(request, response, body));
  };

/** Listens on a free port of the loopback. */
export const startServer = async (
  answer: Answer,
  scheme: 'http' | 'https' = 'http',
  address = '127.0.0.1',
): Promise<TestServer> => {
  const asked: string[] = [];
  const server =
    scheme === 'http'
      ? createServer(listener(asked, answer))
      : createTlsServer({cert: tlsFile('server.pem'), key: tlsFile('server-key.pem')}, listener(asked, answer));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    url: `${scheme}://${address}:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, {'content-type': 'application/json'});
  response.end(JSON.stringify(value));
};

/** A remote with real time, no jitter, and everything that its observer was told. */
export const testRemote = (parts: Partial<RemoteParts> = {}): Remote & {seen: string[]} => {
  const seen: string[] = [];
  const remote = makeRemote({
    now: Date.now,
    random: () => 0.5,
    observer: {
      called: (dependency, result, seconds) => {
        if (!(seconds >= 0)) throw new Error('a call took less than no time');
        seen.push(`${dependency} ${result}`);
      },
      circuit: (dependency, state) => void seen.push(`${dependency} circuit ${state}`),
    },
    ...parts,
  });
  return {...remote, seen};
};
