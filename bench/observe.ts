// What seeing costs on the way of a request: counting a decision our way beside prom-client's own, and a decision wrapped
// beside a bare one. Prints ratios measured side by side in one run; medians of several rounds.
import {Counter, Histogram, Registry} from 'prom-client';
import type {CheckContext, Decision} from '../src/core/decision.ts';
import type {Principal} from '../src/core/principal.ts';
import type {Request} from '../src/core/request/request.ts';
import {makeDecisionLog} from '../src/observe/decisionLog.ts';
import {makeLog} from '../src/observe/log.ts';
import {makeMetrics} from '../src/observe/metrics.ts';
import {durationBounds} from '../src/observe/metricTable.ts';
import {makeDecisionObserver, observedCheck} from '../src/observe/observed.ts';
import {makeRecentDecisions} from '../src/observe/recent.ts';
import {makeRemember} from '../src/observe/remembered.ts';

const rounds = 7;
const calls = 200_000;

const request: Request = {
  kind: 'http',
  id: '1',
  method: 'GET',
  scheme: 'https',
  host: 'api.example',
  target: '/orgs/t1/orders/1?page=2',
  headers: new Map([['x-request-id', '6f1c2d3e-0000-4000-8000-000000000000']]),
  source: {address: '10.0.0.1', principal: ''},
};
const context: CheckContext = {id: 'd', now: 0, deadline: Infinity};
const allow: Decision = {outcome: 'allow', rule: 'orders', provider: 'acme'};
const deny: Decision = {outcome: 'deny', reason: 'missing_role', rule: 'orders', provider: 'acme'};

const metrics = makeMetrics({version: '0', node: '0'});
metrics.configured({
  rules: [{name: 'orders', access: {access: 'require', require: {}}}],
  providers: ['acme'],
  hash: '',
  at: 0,
});

const registry = new Registry();
const counter = new Counter({
  name: 'decisions_total',
  help: 'x',
  labelNames: ['rule', 'outcome', 'reason', 'provider'],
  registers: [registry],
});
const histogram = new Histogram({
  name: 'seconds',
  help: 'x',
  labelNames: ['outcome'],
  buckets: [...durationBounds],
  registers: [registry],
});

let written = 0;
const wrapped = (decision: Decision, decisions: 'all' | 'none') => {
  const sink = {
    write: (line: string) => {
      written += line.length;
    },
  };
  const log = makeLog({settings: {level: 'info'}, sink});
  const observer = makeDecisionObserver(metrics, makeDecisionLog({log, settings: {decisions}}));
  return observedCheck(
    async () => decision,
    observer,
    () => performance.now(),
  );
};
/** What a browser behind Envoy sends, and a principal of a usual token. */
const busy: Request = {
  ...request,
  headers: new Map([
    ...request.headers,
    ...[
      'authorization',
      'accept',
      'accept-encoding',
      'accept-language',
      'cookie',
      'user-agent',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-envoy-attempt-count',
      'sec-fetch-mode',
      'sec-fetch-site',
      'traceparent',
    ].map((name): [string, string] => [name, `value of ${name}`]),
  ]),
};
const principal: Principal = {
  provider: 'acme',
  kind: 'user',
  subject: 'alice',
  tenant: 't1',
  roles: ['admin'],
  permissions: ['orders.read'],
  scopes: [],
  claims: {sub: 'alice', org_id: 't1', roles: ['admin']},
  amr: [],
};
const recent = makeRecentDecisions({count: 1_000});
const remember = makeRemember(['x-region'], ['authorization']);
const known: Decision = {...allow, principal};
const bare = async () => allow;
const counted = wrapped(allow, 'none');
const logged = wrapped(deny, 'all');

const jobs: Record<string, () => unknown> = {
  'count and time, prom-client': () => {
    counter.inc({rule: 'orders', outcome: 'allow', reason: 'none', provider: 'acme'});
    histogram.observe({outcome: 'allow'}, 0.000_04);
  },
  'count and time, postern': () => metrics.decided('allow', undefined, 'orders', 'acme', 0.000_04),
  'bare check': bare,
  'wrapped check': () => counted(request, context),
  'remember a decision': () => recent.add(remember(context, busy, known, 0.000_04)),
  'wrapped check with a log line': () => logged(request, context),
};

const measured = new Map<string, number[]>(Object.keys(jobs).map((name) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, job] of Object.entries(jobs)) {
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) {
      const result = job();
      if (result instanceof Promise) await result;
    }
    if (round > 0) measured.get(name)?.push(((performance.now() - start) / calls) * 1_000_000);
  }
}

const median = (name: string) => (measured.get(name) ?? []).toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
for (const name of measured.keys()) console.log(`${name.padEnd(32)} ${median(name).toFixed(0).padStart(6)} ns`);
const ratio = median('count and time, prom-client') / median('count and time, postern');
console.log(`prom-client / postern: ${ratio.toFixed(1)}`);
console.log(`wrapping adds ${(median('wrapped check') - median('bare check')).toFixed(0)} ns to a decision`);
console.log(`a log line adds ${(median('wrapped check with a log line') - median('wrapped check')).toFixed(0)} ns`);
if (written === 0) throw new Error('no line was written: the last row measures nothing');
