// A collector of traces: OTLP over HTTP. It reads JSON; what comes as protobuf it keeps as bytes.
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status: {readonly code?: number};
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the process that it comes from. */
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Collector {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** All that has come as protobuf. */
  bytes(): Buffer;
  /** Everything that was sent, as text. */
  text(): string;
  stop(): Promise<void>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const record = (attributes: readonly Attribute[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({key, value}) => [key, Object.values(value)[0]]));

export const startCollector = async (): Promise<Collector> => {
  const spans: CollectedSpan[] = [];
  const protobuf: Buffer[] = [];
  const texts: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      texts.push(body.toString('latin1'));
      if (request.headers['content-type'] !== 'application/json') protobuf.push(body);
      else {
        for (const {resource, scopeSpans} of JSON.parse(body.toString()).resourceSpans) {
          for (const {spans: told} of scopeSpans) {
            for (const span of told) {
              spans.push({...span, attributes: record(span.attributes), resource: record(resource.attributes)});
            }
          }
        }
      }
      response.writeHead(200, {'content-type': 'application/json'}).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    spans,
    bytes: () => Buffer.concat(protobuf),
    text: () => texts.join('\n'),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
