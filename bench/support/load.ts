// The caller: as many calls as fit, over plain HTTP/2 (cheaper than a gRPC client, so that the server is what is
// measured). A process of its own, told by its parent what to do.
import {readFileSync} from 'node:fs';
import {type ClientHttp2Session, connect} from 'node:http2';

/** What the parent asks for. */
export interface Order {
  readonly port: number;
  /** File with the messages, each a line of base64; they are sent in turn. */
  readonly messages: string;
  readonly connections: number;
  /** Calls under way on each connection at any moment. */
  readonly concurrency: number;
  readonly milliseconds: number;
}

/** What it answers. Times in microseconds. */
export interface Measured {
  readonly calls: number;
  /** Answers with a gRPC status other than 0, or no answer. */
  readonly failed: number;
  readonly perSecond: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  /** Share of a core that this process used: near 1 means that the caller, not the server, was the limit. */
  readonly busy: number;
}

const framed = (message: Buffer): Buffer => {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
};

const call = (session: ClientHttp2Session, frame: Buffer): Promise<boolean> =>
  new Promise((resolve) => {
    let status: unknown;
    const stream = session.request({
      ':method': 'POST',
      ':path': '/envoy.service.auth.v3.Authorization/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status'];
    });
    stream.on('error', () => resolve(false));
    stream.on('close', () => resolve(status === '0'));
    stream.resume();
    stream.end(frame);
  });

const measure = async (order: Order): Promise<Measured> => {
  const frames = readFileSync(order.messages, 'utf8')
    .split('\n')
    .map((line) => framed(Buffer.from(line, 'base64')));
  const sessions = Array.from({length: order.connections}, () => connect(`http://127.0.0.1:${order.port}`));
  for (const session of sessions) session.on('error', () => undefined);
  const took: number[] = [];
  let failed = 0;
  let next = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const until = started + order.milliseconds;
  const lane = async (session: ClientHttp2Session) => {
    while (performance.now() < until) {
      const frame = frames[next++ % frames.length] as Buffer;
      const before = performance.now();
      if (!(await call(session, frame))) failed += 1;
      took.push((performance.now() - before) * 1_000);
    }
  };
  await Promise.all(sessions.flatMap((session) => Array.from({length: order.concurrency}, () => lane(session))));
  const elapsed = performance.now() - started;
  const used = process.cpuUsage(cpu);
  for (const session of sessions) session.close();
  const sorted = Float64Array.from(took).sort();
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    calls: took.length,
    failed,
    perSecond: (took.length / elapsed) * 1_000,
    mean: took.reduce((sum, one) => sum + one, 0) / took.length,
    p50: quantile(0.5),
    p99: quantile(0.99),
    busy: (used.user + used.system) / 1_000 / elapsed,
  };
};

process.on('message', async (order) => process.send?.(await measure(order as Order)));
