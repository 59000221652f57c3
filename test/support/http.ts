// An HTTP client that sends what it is told, byte for byte, and never follows or repairs.
import {type IncomingMessage, request} from 'node:http';
import {connect} from 'node:net';

export interface Sent {
  readonly port: number;
  readonly method?: string;
  /** The request target as it stands on the wire. */
  readonly path?: string;
  /** Pairs, so that a name can come twice. A `host` replaces the usual one. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case; a name that came twice is joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** All values of one header, in order. */
  all(name: string): string[];
  readonly body: string;
  /** The body as JSON. Throws if it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  json(): any;
  /** Milliseconds from sending to the end of the body. */
  readonly took: number;
}

const pairsOf = (response: IncomingMessage): [string, string][] => {
  const pairs: [string, string][] = [];
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    pairs.push([`${response.rawHeaders[at]}`.toLowerCase(), `${response.rawHeaders[at + 1]}`]);
  }
  return pairs;
};

const answerOf = (
  status: number,
  pairs: readonly (readonly [string, string])[],
  body: string,
  took: number,
): Answer => {
  const headers = new Map<string, string>();
  for (const [name, value] of pairs) headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  return {
    status,
    headers,
    all: (name) => pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]),
    body,
    json: () => JSON.parse(body),
    took,
  };
};

/** Sends a request to the loopback and reads the whole answer. Rejects if there is none within 10 s. */
export const send = ({port, method = 'GET', path = '/', headers = [], body}: Sent): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const flat = headers.flat();
    if (!headers.some(([name]) => name.toLowerCase() === 'host')) flat.push('host', `127.0.0.1:${port}`);
    if (body !== undefined) flat.push('content-length', `${Buffer.byteLength(body)}`);
    const sent = request({host: '127.0.0.1', port, method, path, headers: flat, agent: false}, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve(
          answerOf(
            response.statusCode ?? 0,
            pairsOf(response),
            Buffer.concat(chunks).toString('utf8'),
            performance.now() - started,
          ),
        ),
      );
    });
    sent.setTimeout(10_000, () => sent.destroy(new Error(`no answer from port ${port} within 10 s`)));
    sent.once('error', reject);
    sent.end(body);
  });

/** Sends bytes as they are and answers what came back until the other side closed (or 2 s of silence). */
export const sendBytes = (port: number, bytes: string | Buffer): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(2_000, () => socket.destroy());
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
