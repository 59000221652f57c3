// The service behind Envoy: answers what it received, over HTTP and over gRPC.
import {createServer, type Server} from 'node:http';
import {createServer as createHttp2Server, type Http2Server} from 'node:http2';
import type {AddressInfo} from 'node:net';

/** What the echo service saw of a request; its HTTP answer is this as JSON. */
export interface Echoed {
  readonly method: string;
  readonly url: string;
  /** Names in lower case, in the order of the wire, repeated ones repeated. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export interface Echo {
  /** Port of HTTP/1.1. A websocket upgrade is accepted, and its bytes come back. */
  readonly port: number;
  /** Port of gRPC (HTTP/2 in the clear): any unary method answers its own request, and status 0. */
  readonly grpcPort: number;
  /** Everything received so far, gRPC included. */
  readonly received: readonly Echoed[];
  stop(): Promise<void>;
}

/** All values of one header of an echoed request. */
export const valuesOf = (echoed: Echoed, name: string): string[] =>
  echoed.headers.filter((pair) => pair[0] === name).map((pair) => pair[1]);

const listen = async (server: Server | Http2Server, port: number): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
};

/** Starts it on free ports, or on `port` for HTTP. */
export const startEcho = async ({port = 0}: {port?: number} = {}): Promise<Echo> => {
  const received: Echoed[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers: [string, string][] = [];
      for (let at = 0; at < request.rawHeaders.length; at += 2) {
        headers.push([`${request.rawHeaders[at]}`.toLowerCase(), `${request.rawHeaders[at + 1]}`]);
      }
      const body = Buffer.concat(chunks).toString('utf8');
      const echoed = {method: request.method ?? '', url: request.url ?? '', headers, body};
      received.push(echoed);
      response.writeHead(200, {'content-type': 'application/json'}).end(`${JSON.stringify(echoed)}\n`);
    });
  });
  server.on('upgrade', (request, socket) => {
    received.push({method: 'GET', url: request.url ?? '', headers: [], body: ''});
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });

  const grpcServer = createHttp2Server();
  const sessions = new Set<{destroy(): void}>();
  grpcServer.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  grpcServer.on('stream', (stream, headers) => {
    const pairs = Object.entries(headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    received.push({method: `${headers[':method']}`, url: `${headers[':path']}`, headers: pairs, body: ''});
    stream.on('error', () => stream.destroy());
    stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
    stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
    stream.pipe(stream);
  });

  const httpPort = await listen(server, port);
  const grpcPort = await listen(grpcServer, 0);
  return {
    port: httpPort,
    grpcPort,
    received,
    stop: async () => {
      server.closeAllConnections();
      for (const session of sessions) session.destroy();
      await Promise.all([server, grpcServer].map((one) => new Promise((resolve) => one.close(resolve))));
    },
  };
};
