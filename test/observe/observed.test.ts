// Decisions and answers of providers are told once each, with no secret, and come out as they went in.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type {Credential, Place} from '../../src/core/credential/credential.ts';
import type {CheckContext, Decision} from '../../src/core/decision.ts';
import type {Principal} from '../../src/core/principal.ts';
import {reasons, refusals} from '../../src/core/refusals.ts';
import type {Request} from '../../src/core/request/request.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeDecisionLog} from '../../src/observe/decisionLog.ts';
import {makeLog} from '../../src/observe/log.ts';
import {makeMetrics} from '../../src/observe/metrics.ts';
import {makeDecisionObserver, makeRemoteObserver, observedCheck, observedProvider} from '../../src/observe/observed.ts';
import type {LogSettings} from '../../src/observe/settings.ts';
import {traceIdOf} from '../../src/observe/tracing.ts';
import type {AuthenticationContext, Provider} from '../../src/providers/provider.ts';
import {scraped} from './exposition.ts';

const canary = 'canary-7f3a';
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

const request: Request = {
  kind: 'http',
  id: canary,
  method: 'GET',
  scheme: 'https',
  host: 'api.example',
  target: `/orders/1?access_token=${canary}`,
  headers: new Map([
    ['authorization', `Bearer ${canary}`],
    ['cookie', `sid=${canary}`],
    ['x-api-key', canary],
    ['referer', `https://x.example/?token=${canary}`],
    ['x-request-id', 'req-1'],
    ['traceparent', `00-${trace}-00f067aa0ba902b7-01`],
  ]),
  source: {address: '10.0.0.1', principal: ''},
};

const principal: Principal = {
  provider: 'acme',
  kind: 'user',
  subject: 'alice',
  tenant: 't1',
  roles: [canary],
  permissions: [canary],
  scopes: [canary],
  claims: {sub: 'alice', secret: canary},
  email: canary,
  sessionId: canary,
  tokenId: canary,
  amr: [canary],
};

const context: CheckContext = {id: 'd-1', now: 0, deadline: Number.POSITIVE_INFINITY};

const make = (decisions: LogSettings['decisions'] = 'all') => {
  const lines: string[] = [];
  const log = makeLog({settings: {level: 'info'}, sink: {write: (line) => lines.push(line)}});
  const metrics = makeMetrics({version: '0', node: '0'});
  metrics.configured({
    rules: [{name: 'orders', access: {access: 'require', require: {}}}],
    providers: ['acme'],
    hash: '',
    at: 0,
  });
  const observer = makeDecisionObserver(metrics, makeDecisionLog({log, settings: {decisions}}));
  const scrape = async () => scraped((await metrics.exposition()).text);
  const counts = async () =>
    (await scrape()).samples.filter(({name, value}) => name === 'postern_decisions_total' && value > 0);
  return {lines, log, metrics, observer, scrape, counts, line: (at = 0) => JSON.parse(lines[at] ?? 'null')};
};

/** A clock that is 1.5 ms later each time. */
const ticking = () => {
  let now = 0;
  return () => {
    now += 1.5;
    return now;
  };
};

const allow: Decision = {outcome: 'allow', rule: 'orders', provider: 'acme', principal, setCookies: [`sid=${canary}`]};
const deny: Decision = {outcome: 'deny', reason: 'missing_role', rule: 'orders', provider: 'acme', principal};

describe('observed check', () => {
  const rows: {name: string; decision: Decision; labels: Record<string, string>; level: string}[] = [
    {
      name: 'allow',
      decision: allow,
      labels: {rule: 'orders', outcome: 'allow', reason: 'none', provider: 'acme'},
      level: 'info',
    },
    {
      name: 'deny',
      decision: deny,
      labels: {rule: 'orders', outcome: 'deny', reason: 'missing_role', provider: 'acme'},
      level: 'info',
    },
    {
      name: 'shadow',
      decision: {outcome: 'allow', rule: 'orders', shadow: 'missing_feature', principal},
      labels: {rule: 'orders', outcome: 'shadow_deny', reason: 'missing_feature', provider: 'acme'},
      level: 'info',
    },
    {
      name: 'outage',
      decision: {outcome: 'deny', reason: 'unavailable', rule: 'orders', provider: 'acme'},
      labels: {rule: 'orders', outcome: 'error', reason: 'unavailable', provider: 'acme'},
      level: 'warn',
    },
    {
      name: 'no rule',
      decision: {outcome: 'deny', reason: 'no_rule'},
      labels: {rule: 'none', outcome: 'deny', reason: 'no_rule', provider: 'none'},
      level: 'info',
    },
  ];
  for (const {name, decision, labels, level} of rows) {
    it(`${name}: one count, one duration, one line, the same decision`, async () => {
      const {observer, counts, scrape, line, lines} = make();
      const check = observedCheck(async () => decision, observer, ticking());
      assert.equal(await check(request, context), decision);
      assert.deepEqual(await counts(), [{name: 'postern_decisions_total', labels, value: 1}]);
      const outcome = labels.outcome as string;
      assert.equal((await scrape()).value('postern_check_duration_seconds_sum', {outcome}), 0.0015);
      assert.equal(lines.length, 1);
      assert.equal(line().level, level);
      assert.equal(line().outcome, outcome);
      assert.equal(line().duration_ms, 1.5);
    });
  }

  it('an outage: the line says what did not answer, and how, without its secrets', () => {
    const {observer, line, lines} = make('denied');
    const cause = new Error(`connect ECONNREFUSED https://keys.example/jwks?token=${canary}`);
    const outage = new Unavailable('keys:acme', cause);
    observer.decided(context, request, {outcome: 'deny', reason: 'unavailable', rule: 'orders', outage}, 0.001);
    assert.equal(line().dependency, 'keys:acme');
    assert.match(line().detail, /keys:acme is unavailable: connect ECONNREFUSED/);
    assert.doesNotMatch(lines.join(), new RegExp(canary));
  });
  it('a check that throws counts once as internal, is logged whatever the settings, and throws on', async () => {
    for (const decisions of ['all', 'denied', 'none'] as const) {
      const {observer, counts, lines, line} = make(decisions);
      const bug = new TypeError('x is undefined');
      for (const check of [
        async () => Promise.reject(bug),
        () => {
          throw bug;
        },
      ])
        await assert.rejects(async () => observedCheck(check, observer, ticking())(request, {...context}), bug);
      const labels = {rule: 'none', outcome: 'error', reason: 'internal', provider: 'none'};
      assert.deepEqual(await counts(), [{name: 'postern_decisions_total', labels, value: 2}]);
      assert.equal(lines.length, 2);
      assert.equal(line().level, 'error');
      assert.equal(line().decision, 'd-1');
      assert.equal(line().err.message, 'x is undefined');
    }
  });

  it('every reason counts under deny or error, as the table of reasons says', async () => {
    for (const reason of reasons) {
      const {observer, counts} = make('none');
      await observedCheck(async () => ({outcome: 'deny', reason}), observer, ticking())(request, context);
      const [count] = await counts();
      assert.equal(count?.labels.reason, reason);
      assert.equal(count?.labels.outcome, refusals[reason].kind === 'error' ? 'error' : 'deny');
    }
  });

  it('log.decisions chooses the lines', async () => {
    const written: [LogSettings['decisions'], string[]][] = [
      ['all', ['allow', 'deny', 'shadow_deny', 'error', 'deny']],
      ['denied', ['deny', 'shadow_deny', 'error', 'deny']],
      ['none', []],
    ];
    for (const [decisions, outcomes] of written) {
      const {observer, lines} = make(decisions);
      for (const {decision} of rows) await observedCheck(async () => decision, observer, ticking())(request, context);
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).outcome),
        outcomes,
      );
    }
  });

  it('a line has the fields of docs/operate.md, and no others', async () => {
    const {observer, line} = make();
    await observedCheck(async () => ({...allow, shadow: 'missing_role'}), observer, ticking())(request, context);
    const {time, ...fields} = line();
    assert.ok(time);
    assert.deepEqual(fields, {
      level: 'info',
      v: 1,
      decision: 'd-1',
      outcome: 'shadow_deny',
      reason: 'missing_role',
      rule: 'orders',
      provider: 'acme',
      subject: 'alice',
      tenant: 't1',
      method: 'GET',
      host: 'api.example',
      path: '/orders/1',
      request_id: 'req-1',
      trace_id: trace,
      duration_ms: 1.5,
      shadow: true,
      message: 'decision',
    });
  });

  it('no canary of a request or a principal reaches a line or a metric', async () => {
    const {observer, lines, metrics} = make();
    const targets = [
      `/a?q=${canary}`,
      `/a%3fq=${canary}`,
      `/a#access_token=${canary}`,
      `/a;jsessionid=${canary}`,
      `/a%3Bjsessionid=${canary}`,
      `/a;x=${canary}/b;y=${canary}?z=${canary}`,
      '/eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnktN2YzYSI6MX0.canary-7f3a/x',
    ];
    for (const target of targets)
      for (const decision of [allow, deny])
        await observedCheck(async () => decision, observer, ticking())({...request, target}, context);
    await assert.rejects(async () =>
      observedCheck(() => Promise.reject(new Error(`Bearer ${canary}`)), observer, ticking())(request, context),
    );
    assert.equal(lines.length, targets.length * 2 + 1);
    assert.ok(
      !lines.join('').includes(canary),
      lines.find((line) => line.includes(canary)),
    );
    assert.ok(!(await metrics.exposition()).text.includes(canary));
    assert.ok(!(await metrics.exposition()).text.includes('alice'), 'no subject in a metric');
  });

  it('whatever the request holds, a line is short, one line, and JSON', async () => {
    const {observer, lines} = make();
    const text = fc.string({unit: 'binary', maxLength: 5_000, size: 'max'});
    await fc.assert(
      fc.asyncProperty(text, text, text, async (target, host, id) => {
        lines.length = 0;
        const odd = {
          ...request,
          target,
          host,
          method: id,
          headers: new Map([
            ['x-request-id', id],
            ['traceparent', id],
          ]),
        };
        await observedCheck(async () => deny, observer, ticking())(odd, context);
        assert.equal(lines.length, 1);
        assert.ok((lines[0]?.length ?? 0) < 8_000);
        assert.equal(JSON.parse(lines[0] ?? '').decision, 'd-1');
      }),
      {numRuns: 50},
    );
  });

  it('the edge gives up at the deadline, then the check decides: one count, one line', async () => {
    const {observer, counts, lines} = make();
    const own = {...context};
    const answer = observedCheck(async () => allow, observer, ticking())(request, own);
    observer.edge(own, request, {outcome: 'deny', reason: 'deadline'}, 0.1);
    assert.equal(await answer, allow);
    assert.deepEqual(
      (await counts()).map(({labels, value}) => [labels.reason, value]),
      [['deadline', 1]],
    );
    assert.equal(lines.length, 1);
  });

  it('the check fails, then the edge answers internal: one count, one line', async () => {
    const {observer, counts, lines} = make();
    const own = {...context};
    await assert.rejects(async () =>
      observedCheck(() => Promise.reject(new Error('bug')), observer, ticking())(request, own),
    );
    observer.edge(own, request, {outcome: 'deny', reason: 'internal'}, 0.1);
    assert.deepEqual(
      (await counts()).map(({labels, value}) => [labels.reason, value]),
      [['internal', 1]],
    );
    assert.equal(lines.length, 1);
  });

  it('a request that could not be read is told of too', async () => {
    const {observer, line, counts} = make();
    observer.edge(context, undefined, {outcome: 'deny', reason: 'malformed_request'}, 0.000_1);
    assert.equal(line().reason, 'malformed_request');
    assert.equal((await counts())[0]?.labels.reason, 'malformed_request');
  });
});

describe('observed provider', () => {
  const place: Place = {label: 'cookie:sid', kind: 'cookie', name: 'sid', find: () => ({held: 'nothing'})};
  const credential: Credential = {place, value: canary};
  const asked: AuthenticationContext = {request, now: 0, deadline: 0};
  const provider = (authenticate: Provider['authenticate']): Provider => ({
    name: 'acme',
    places: [place],
    accepts: (presented) => presented,
    authenticate,
    health: () => [],
  });

  const rows: [string, Provider['authenticate'], string][] = [
    ['verified', async () => ({verified: principal}), 'verified'],
    ['rejected', async () => ({rejected: 'token_expired'}), 'token_expired'],
    ['an outage', () => Promise.reject(new Unavailable('keys:acme')), 'unavailable'],
    ['a bug', () => Promise.reject(new TypeError('no')), 'internal'],
    [
      'a bug, thrown at once',
      () => {
        throw new TypeError('no');
      },
      'internal',
    ],
  ];
  for (const [name, authenticate, result] of rows) {
    it(`${name} counts as ${result}, and comes out as it went in`, async () => {
      const {metrics, scrape} = make();
      const inner = provider(authenticate);
      const observed: Provider = observedProvider(inner, metrics);
      const outcome = async (of: Provider) => {
        try {
          return {value: await of.authenticate(credential, asked)};
        } catch (error) {
          return {error};
        }
      };
      assert.deepEqual(await outcome(observed), await outcome(inner));
      const {value, samples} = await scrape();
      assert.equal(value('postern_authentications_total', {provider: 'acme', credential: 'cookie', result}), 1);
      assert.equal(samples.filter((sample) => sample.name === 'postern_authentications_total').length, 1);
      assert.equal(observed.accepts, inner.accepts);
      assert.equal('related' in observed, false);
    });
  }
});

describe('remote observer', () => {
  it('says once when a circuit opens, and once when it closes', async () => {
    const {metrics, log, line, lines, scrape} = make();
    const observer = makeRemoteObserver(metrics, log);
    for (const state of ['closed', 'open', 'open', 'half_open', 'closed', 'closed'] as const)
      observer.circuit('redis', state);
    assert.deepEqual([line(0).level, line(1).level, lines.length], ['warn', 'info', 2]);
    assert.equal((await scrape()).value('postern_circuit_state', {dependency: 'redis'}), 0);
  });
});

describe('trace id', () => {
  const parent = '00f067aa0ba902b7';
  const rows: [string | undefined, string | undefined][] = [
    [`00-${trace}-${parent}-01`, trace],
    [`cc-${trace}-${parent}-01-what-comes-later`, trace],
    [undefined, undefined],
    ['', undefined],
    [`00-${trace}-${parent}-01-extra`, undefined],
    [`ff-${trace}-${parent}-01`, undefined],
    [`00-${'0'.repeat(32)}-${parent}-01`, undefined],
    [`00-${trace}-${'0'.repeat(16)}-01`, undefined],
    [`00-${trace.toUpperCase()}-${parent}-01`, undefined],
    [`00-${trace}-${parent}-01,00-${trace}-${parent}-01`, undefined],
    ['x'.repeat(100_000), undefined],
  ];
  for (const [header, expected] of rows) it(`${header?.slice(0, 70)}`, () => assert.equal(traceIdOf(header), expected));
});
