// The caller: calls over plain HTTP/2 (cheaper than a gRPC client, so that the server is what is measured). A process of its
// own, told by its parent what to do.
import {readFileSync} from 'node:fs';
import {type ClientHttp2Session, type ClientHttp2Stream, connect} from 'node:http2';
import {connect as connectSocket} from 'node:net';
import {setImmediate as nextTurn} from 'node:timers/promises';

/** Who is called. */
export interface Target {
  /** `127.0.0.1:port` or `unix:///path`. */
  readonly address: string;
  /** PEM of the authority that its certificate is from; absent: in the clear. */
  readonly ca?: string;
  /** `check`: the gRPC method Check. `http`: GET, as a client asks Envoy. */
  readonly speaks: 'check' | 'http';
}

/** How it is called, and for how long. */
export interface Load {
  readonly connections: number;
  /** Closed loop: calls under way on each connection at any moment. */
  readonly concurrency: number;
  /** Open loop: so many calls a second, whoever still waits, at random moments; `concurrency` is not looked at. */
  readonly perSecond?: number;
  readonly milliseconds: number;
  /** Ends after so many calls, if that is earlier. */
  readonly calls?: number;
}

/** What the parent asks for. */
export interface Order {
  readonly target: Target;
  readonly load: Load;
  /** File with what is sent, a line each, in turn: base64 of a message, or JSON of the headers of a request. */
  readonly messages: string;
  /** The line that is sent first. */
  readonly first: number;
}

/** What it answers. Times in microseconds; of an open loop from the moment at which the call was due. */
export interface Measured {
  readonly calls: number;
  /** Another status than 0 (of HTTP: 200), or no answer. */
  readonly failed: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Share of a core that this process used: near 1 in a closed loop means that the caller was the limit. */
  readonly busy: number;
}

type Call = (session: ClientHttp2Session) => ClientHttp2Stream;

const callOf = (speaks: Target['speaks'], line: string): Call => {
  if (speaks === 'http') {
    const headers = JSON.parse(line) as Record<string, string>;
    return (session) => session.request(headers);
  }
  const message = Buffer.from(line, 'base64');
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return (session) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/envoy.service.auth.v3.Authorization/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.end(frame);
    return stream;
  };
};

const wentWell = (stream: ClientHttp2Stream, speaks: Target['speaks']): Promise<boolean> =>
  new Promise((resolve) => {
    const [event, field, good] =
      speaks === 'check' ? (['trailers', 'grpc-status', '0'] as const) : (['response', ':status', 200] as const);
    let status: unknown;
    stream.on(event, (headers) => {
      status = headers[field];
    });
    stream.on('error', () => resolve(false));
    stream.on('close', () => resolve(status === good));
    stream.resume();
  });

/** A connection, once it is there: what it takes to make one is not what a call takes. */
const open = async ({address, ca}: Target): Promise<ClientHttp2Session> => {
  const path = address.startsWith('unix://') ? address.slice('unix://'.length) : undefined;
  const session =
    path === undefined
      ? connect(`${ca === undefined ? 'http' : 'https'}://${address}`, ca === undefined ? {} : {ca})
      : connect('http://localhost', {createConnection: () => connectSocket(path)});
  session.on('error', () => undefined);
  await new Promise((resolve) => session.once('remoteSettings', resolve).once('close', resolve));
  return session;
};

/** The same moments in each run (mulberry32). */
const makeRandom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

/** Read and framed once a file, the last few of them. */
const filled = new Map<string, readonly Call[]>();
const mostFilled = 8;
const callsOf = ({messages, target: {speaks}}: Order): readonly Call[] => {
  const known = filled.get(messages);
  if (known !== undefined) return known;
  const calls = readFileSync(messages, 'utf8')
    .split('\n')
    .map((line) => callOf(speaks, line));
  if (filled.size >= mostFilled) filled.clear();
  filled.set(messages, calls);
  return calls;
};

const measure = async (order: Order): Promise<Measured> => {
  const {target, load, first} = order;
  const {connections, concurrency, perSecond, milliseconds, calls: most = Number.POSITIVE_INFINITY} = load;
  const calls = callsOf(order);
  const sessions = await Promise.all(Array.from({length: connections}, () => open(target)));
  const took: number[] = [];
  let failed = 0;
  let next = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const until = started + milliseconds;
  const ask = async (session: ClientHttp2Session, due: number): Promise<void> => {
    const call = calls[(first + next++) % calls.length] as Call;
    if (!(await wentWell(call(session), target.speaks))) failed += 1;
    took.push((performance.now() - due) * 1_000);
  };
  const lane = async (session: ClientHttp2Session) => {
    for (let now = started; now < until && next < most; now = performance.now()) await ask(session, now);
  };
  const openLoop = async (rate: number) => {
    const random = makeRandom(1);
    const asked: Promise<void>[] = [];
    for (let due = started; due < until && next < most; due -= (Math.log(1 - random()) * 1_000) / rate) {
      // Timers are not fine enough: a turn of the event loop is.
      while (performance.now() < due) await nextTurn();
      asked.push(ask(sessions[next % sessions.length] as ClientHttp2Session, due));
    }
    await Promise.all(asked);
  };
  if (perSecond === undefined) {
    await Promise.all(sessions.flatMap((session) => Array.from({length: concurrency}, () => lane(session))));
  } else await openLoop(perSecond);
  const elapsed = performance.now() - started;
  const used = process.cpuUsage(cpu);
  for (const session of sessions) session.close();
  const sorted = Float64Array.from(took).sort();
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    calls: took.length,
    failed,
    perSecond: (took.length / elapsed) * 1_000,
    p50: quantile(0.5),
    p99: quantile(0.99),
    busy: (used.user + used.system) / 1_000 / elapsed,
  };
};

process.on('message', async (order) => {
  const loaded = await measure(order as Order);
  // Whoever asked may be gone by now; then nobody wants to know.
  if (process.connected) process.send?.(loaded, undefined, undefined, () => {});
});
