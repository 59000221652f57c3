// node bench/redis-kill.ts [kill | hang] [2000]: so many checks a second for 20 s; Redis is gone at 5 s and back at 12 s. Prints
// what was decided wrongly, what could not be decided, and how long it took before, meanwhile and after. Exit status 1 if
// any decision was wrong or missing; the times belong to the machine and the hour.
import {type ClientHttp2Session, connect} from 'node:http2';
import {setTimeout as sleep} from 'node:timers/promises';
import {type CheckResponse, checkMethod, checkRequestOf} from '../test/support/checkClient.ts';
import {startPostern} from '../test/support/postern.ts';
import {endAll} from '../test/support/processes.ts';
import {startRedis} from '../test/support/redis.ts';
import {startKinde} from '../test/support/vendors/kinde.ts';

const circuit = 'postern_circuit_state{dependency="redis"}';
const adminToken = 'a-token-of-the-benchmark';
const warmUp = 5_000;
const lost = 5_000;
const back = 12_000;
const end = 20_000;
/** Milliseconds between two bursts: a mesh does not send in bursts, but timers are not finer. */
const tick = 5;
/** Users at work at a moment; each second some leave and as many come, whose facts nobody has in memory. */
const atWork = 200;
const newcomers = 20;

/** A message and the answer that is right. */
interface Case {
  readonly message: Buffer;
  readonly right: string;
}
interface Sample {
  /** Milliseconds since the start. */
  readonly at: number;
  readonly took: number;
  readonly right: string;
  readonly said: string;
}

const saidIn = ({okResponse, deniedResponse, errorResponse}: CheckResponse): string => {
  if (okResponse !== undefined) return 'allow';
  const {code} = JSON.parse((deniedResponse ?? errorResponse)?.body ?? '{}');
  return errorResponse === undefined ? String(code) : `error ${code}`;
};

/** Plain HTTP/2: a gRPC client takes more of the machine than what is measured. The deadline is Envoy's business: 1 s. */
const makeCaller = (address: string) => {
  const {path, responseDeserialize} = checkMethod();
  const sessions = [1, 2].map(() => connect(`http://${address}`));
  for (const session of sessions) session.on('error', () => undefined);
  let next = 0;
  const headers = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    'grpc-timeout': '1S',
    te: 'trailers',
  };
  return {
    call(message: Buffer, heard: (said: string) => void): void {
      const stream = (sessions[next++ % sessions.length] as ClientHttp2Session).request(headers);
      const chunks: Buffer[] = [];
      let status: unknown = 'none';
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('trailers', (trailers) => {
        status = trailers['grpc-status'];
      });
      stream.on('error', () => undefined);
      stream.on('close', () => {
        const body = Buffer.concat(chunks);
        heard(status === '0' && body.length > 5 ? saidIn(responseDeserialize(body.subarray(5))) : `error ${status}`);
      });
      stream.end(message);
    },
    close: () => {
      for (const session of sessions) session.close();
    },
  };
};

const framed = (message: Buffer): Buffer => {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
};

/** Decisions by Postern's own clock: upper bound in seconds -> how many took no longer, whatever they came to. */
const durations = async (adminUrl: string): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const sums = new Map<string, number>();
  for (const [, le = '', count] of text.matchAll(
    /^postern_check_duration_seconds_bucket\{.*le="([^"]+)".*\} (\S+)$/gm,
  )) {
    sums.set(le, (sums.get(le) ?? 0) + Number(count));
  }
  return sums;
};
/** The bucket that holds 99 of 100 of the decisions between two readings. */
const p99Between = (from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): string => {
  const own = [...to].map(([le, count]) => [le, count - (from.get(le) ?? 0)] as const);
  const most = Math.max(...own.map(([, count]) => count));
  const [le] = own.find(([, count]) => count >= 0.99 * most) ?? ['none'];
  return `${Number(le) * 1_000} ms`;
};

const bench = async (how: 'kill' | 'hang', perSecond: number): Promise<boolean> => {
  let redis = await startRedis();
  const kinde = await startKinde();
  const postern = await startPostern({
    admin: {token: adminToken},
    providers: [{name: 'ki', type: 'kinde', domain: kinde.domain, audience: ['orders-api']}],
    entitlements: {source: {type: 'kinde', domain: kinde.domain}, cache: {fresh: '2s', stale: '10m', negative: '1s'}},
    redis: {url: redis.url, sealKey: 'a key for the benchmark'},
    rules: [
      {name: 'open', match: {path: '/open'}, public: true},
      {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
      {name: 'rest', match: {path: '/**'}, require: {}},
    ],
    log: {decisions: 'none'},
  });

  const {requestSerialize} = checkMethod();
  const caseOf = (path: string, token: string | undefined, right: string): Case => {
    const headers = token === undefined ? [] : ([['authorization', `Bearer ${token}`]] as const);
    return {message: framed(requestSerialize(checkRequestOf({path, headers}))), right};
  };
  /** One in three organisations has not bought it; one user in twenty is revoked. */
  const users: Case[][] = [];
  const count = atWork + Math.ceil(((warmUp + end) / 1_000) * newcomers);
  const revoked: string[] = [];
  for (let at = 0; at < count; at++) {
    const org = `org_${at % 60}`;
    const hasBought = at % 3 !== 0;
    if (hasBought) kinde.bought.set(org, ['orders', 'reports']);
    const subject = `u${at}`;
    const isRevoked = at % 20 === 7;
    if (isRevoked) revoked.push(subject);
    const token = await kinde.token({sub: subject, org_code: org});
    const stale = await kinde.token({sub: subject, org_code: org, exp: Math.floor(Date.now() / 1_000) - 600});
    const forged = `${token.slice(0, -20)}${'A'.repeat(20)}`;
    const fact = isRevoked ? 'revoked' : hasBought ? 'allow' : 'missing_feature';
    users.push([
      ...Array.from({length: 6}, () => caseOf('/reports', token, fact)),
      ...Array.from({length: 2}, () => caseOf('/orders', token, isRevoked ? 'revoked' : 'allow')),
      caseOf('/reports', undefined, 'no_credential'),
      caseOf('/reports', stale, 'token_expired'),
      caseOf('/reports', forged, 'bad_signature'),
      caseOf('/open', undefined, 'allow'),
    ]);
  }
  for (const subject of revoked) {
    const headers = {authorization: `Bearer ${adminToken}`};
    const {status} = await fetch(`${postern.adminUrl}/revocations`, {
      method: 'POST',
      headers,
      body: JSON.stringify({subject}),
    });
    if (status !== 200) throw new Error(`revoking answered ${status}`);
  }

  const caller = makeCaller(postern.address);
  const samples: Sample[] = [];
  const began = performance.now() + warmUp;
  const now = () => performance.now() - began;
  const send = ({message, right}: Case): void => {
    const at = now();
    const kept = (said: string) => samples.push({at, took: now() - at, right, said});
    caller.call(message, kept);
  };
  let sent = 0;
  const burst = (): void => {
    const first = Math.floor(((now() + warmUp) / 1_000) * newcomers);
    for (const due = ((now() + warmUp) / 1_000) * perSecond; sent < due; sent++) {
      const user = users[Math.min(users.length - 1, first + Math.floor(Math.random() * atWork))] as Case[];
      send(user[Math.floor(Math.random() * user.length)] as Case);
    }
  };
  const sending = setInterval(burst, tick);

  await sleep(-now());
  const readings = [await durations(postern.adminUrl)];
  await sleep(lost - now());
  readings.push(await durations(postern.adminUrl));
  if (how === 'kill') await redis.kill();
  else redis.pause();
  const gone = now();
  let opened: number | undefined;
  while (now() < back) {
    if (opened === undefined && ((await postern.metric(circuit)) ?? 0) > 0) opened = now();
    await sleep(50);
  }
  readings.push(await durations(postern.adminUrl));
  if (how === 'kill') redis = await startRedis({port: redis.port});
  else redis.resume();
  const returned = now();
  let closed: number | undefined;
  while (now() < end) {
    if (closed === undefined && (await postern.metric(circuit)) === 0) closed = now();
    await sleep(50);
  }
  readings.push(await durations(postern.adminUrl));
  clearInterval(sending);
  await sleep(1_200);
  caller.close();

  const steady = opened ?? gone;
  // Where the connection is refused, a look into Redis is a miss at once, and there is nothing for a breaker to do.
  const phases: [string, number, number][] = [
    ['before', 0, gone],
    ['Redis away, breaker closed', gone, steady],
    [opened === undefined ? 'Redis away' : 'Redis away, breaker open', steady, returned],
    ['Redis back', returned, end],
    ['all', 0, end],
  ];
  const counted = samples.filter(({at}) => at >= 0 && at < end);
  const rows = phases.map(([phase, from, to]) => {
    const own = counted.filter(({at}) => at >= from && at < to);
    const took = Float64Array.from(own.map((sample) => sample.took)).sort();
    const quantile = (share: number) => Number((took[Math.floor(took.length * share)] ?? 0).toFixed(2));
    const errors = own.filter(({said}) => said.startsWith('error'));
    const wrong = own.filter(({said, right}) => said !== right && !said.startsWith('error'));
    return [
      phase,
      {
        seconds: Number(((to - from) / 1_000).toFixed(2)),
        checks: own.length,
        'p50 ms': quantile(0.5),
        'p99 ms': quantile(0.99),
        'longest ms': Number((took.at(-1) ?? 0).toFixed(1)),
        wrong: wrong.length,
        errors: errors.length,
      },
    ] as const;
  });
  console.log(
    `Redis ${how === 'kill' ? 'killed' : 'hanging'} at ${seconds(gone)}, breaker seen open after ${after(gone, opened)}; back at ${seconds(returned)}, breaker seen closed after ${after(returned, closed)}`,
  );
  console.table(Object.fromEntries(rows));
  const bad = new Map<string, number>();
  for (const {said, right} of counted) {
    if (said !== right) bad.set(`${said} instead of ${right}`, (bad.get(`${said} instead of ${right}`) ?? 0) + 1);
  }
  for (const [what, times] of bad) console.log(`${times} times ${what}`);
  if (counted.some(({at, said}) => at < gone && said.startsWith('error'))) {
    console.log(`Errors before Redis was gone: this machine cannot take ${perSecond} checks a second now.`);
  }
  const answers = Map.groupBy(counted, ({right}) => right);
  console.log(`expected: ${[...answers].map(([right, own]) => `${own.length} ${right}`).join(', ')}`);
  const [before, , open] = rows.map(([, row]) => row['p99 ms']);
  console.log(`p99 with Redis away less p99 before: ${((open ?? 0) - (before ?? 0)).toFixed(2)} ms`);

  const own = readings.slice(1).map((to, at) => p99Between(readings[at] as ReadonlyMap<string, number>, to));
  console.log(`by Postern's own clock 99 of 100 decisions took at most (before, away, back): ${own.join(', ')}`);

  await postern.stop();
  await kinde.close();
  await redis.stop();
  return bad.size === 0 && counted.length > 0;
};

const seconds = (moment: number) => `${(moment / 1_000).toFixed(1)} s`;
const after = (from: number, moment: number | undefined) =>
  moment === undefined ? 'never' : `${(moment - from).toFixed(0)} ms`;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  if (!(await bench(process.argv[2] === 'hang' ? 'hang' : 'kill', Number(process.argv[3] ?? 2_000))))
    process.exitCode = 1;
} finally {
  await endAll();
}
