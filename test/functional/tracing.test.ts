// Spans as a collector gets them, behind a real Envoy that traces, too: one trace, no person in it, nothing where nobody asks.
import assert from 'node:assert/strict';
import {startServer} from '../remote/servers.ts';
import {until} from '../store/rig.ts';
import {checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type CollectedSpan, type Collector, startCollector} from '../support/collector.ts';
import {valuesOf} from '../support/echo.ts';
import {freePort} from '../support/ports.ts';
import {startPostern} from '../support/postern.ts';
import {startRedis} from '../support/redis.ts';
import {type Stage, startStage} from '../support/stage.ts';

const check = 'envoy.service.auth.v3.Authorization/Check';
const rules = [
  {name: 'orders', match: {path: '/orders/**'}, require: {}},
  {name: 'keyed', match: {path: '/keyed'}, require: {}},
];
const variables = (collector: Collector, more: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  ...more,
});
const trace = (n: string) => n.repeat(32);
const from = (n: string, flags = '01') => `00-${trace(n)}-${n.repeat(16)}-${flags}`;

describe('tracing', function () {
  this.timeout(60_000);
  const ends: (() => unknown)[] = [];
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector();
    ends.push(collector.stop);
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const found = async (what: (span: CollectedSpan) => boolean): Promise<CollectedSpan> => {
    await until('the span comes', () => collector.spans.some(what), 15_000);
    return collector.spans.find(what) as CollectedSpan;
  };

  it('behind Envoy: below the span of its call, in the trace that the upstream is told, without a person', async () => {
    const stage: Stage = await startStage({
      settings: {rules},
      postern: {env: variables(collector)},
      envoy: {collectorPort: collector.port},
    });
    ends.push(stage.stop);
    const token = await stage.identityProvider.token('alice');
    const answer = await stage.ask({path: '/orders/canary-path?q=canary-query', token});
    assert.equal(answer.status, 200);
    const [upstream = ''] = valuesOf(stage.echo.received.at(-1) as never, 'traceparent');
    const span = await found(({name}) => name === check);
    assert.equal(span.traceId, upstream.split('-')[1], 'the same trace');
    assert.equal(span.kind, 2, 'of a server');
    assert.deepEqual(
      Object.fromEntries(Object.entries(span.attributes).filter(([name]) => name !== 'postern.decision')),
      {
        'rpc.system': 'grpc',
        'rpc.service': 'envoy.service.auth.v3.Authorization',
        'rpc.method': 'Check',
        'http.request.method': 'GET',
        'postern.outcome': 'allow',
        'postern.rule': 'orders',
        'postern.provider': 'acme',
      },
    );
    assert.deepEqual(span.status.code ?? 0, 0);
    assert.equal(span.resource['service.name'], 'postern');
    assert.equal(span.resource['deployment.environment.name'], 'test');
    const parent = Buffer.from(span.parentSpanId ?? '', 'hex');
    assert.equal(parent.length, 8);
    await until('Envoy has told the span above', () => collector.bytes().includes(parent), 15_000);
    const ours = JSON.stringify(collector.spans);
    for (const secret of [token, 'alice', 'canary']) assert.ok(!ours.includes(secret), secret);

    // Refused, and not to be decided.
    assert.equal((await stage.ask({path: '/elsewhere'})).status, 403);
    const refused = await found(({attributes}) => attributes['postern.reason'] === 'no_rule');
    assert.equal(refused.status.code ?? 0, 0, 'a refusal is an answer');
  });

  const direct = async (env: Record<string, string>, settings: object = {}) => {
    const postern = await startPostern(
      {
        providers: [
          {
            name: 'dead',
            type: 'introspection',
            endpoint: 'http://127.0.0.1:9/i',
            clientId: 'c',
            clientSecret: 'canary',
            audience: 'any',
          },
        ],
        rules,
        ...settings,
      },
      {env},
    );
    ends.push(() => postern.stop());
    const client = makeCheckClient(postern.address);
    ends.push(() => client.close());
    const ask = (path: string, traceparent?: string, token = 'canary-token-1') =>
      client.check(
        checkRequestOf({
          path,
          headers: [
            ['authorization', `Bearer ${token}`],
            ...(traceparent === undefined ? [] : [['traceparent', traceparent] as const]),
          ],
        }),
      );
    return {postern, ask};
  };

  it('what a check waits for is below it: calls, and commands to Redis; an outage is an error', async () => {
    const redis = await startRedis();
    ends.push(redis.stop);
    const issuer = await startServer((request, response) => {
      asked.push(request.headers.traceparent);
      response
        .writeHead(200, {'content-type': 'application/json'})
        .end('{"active":true,"sub":"alice","token_type":"Bearer"}');
    });
    const asked: unknown[] = [];
    ends.push(issuer.close);
    const providers = [
      {
        name: 'in',
        type: 'introspection',
        endpoint: `${issuer.url}/i`,
        clientId: 'c',
        clientSecret: 'canary',
        audience: 'any',
      },
    ];
    const {ask, postern} = await direct(variables(collector), {providers, redis: {url: redis.url, timeout: '1s'}});
    // Until Redis is connected a look into it is a miss, and no command.
    await until('Redis is used', async () => {
      const ready = await fetch(`${postern.adminUrl}/readyz`);
      return /"part": ?"redis",\s*"state": ?"ready"/.test(await ready.text());
    });
    assert.ok((await ask('/orders/1', from('a'))).okResponse);
    const own = await found(({name, traceId}) => name === check && traceId === trace('a'));
    assert.equal(own.parentSpanId, 'a'.repeat(16), 'below what the client has sent, where Envoy says nothing');
    const call = await found(({attributes}) => attributes['postern.dependency'] === 'introspection:in');
    assert.deepEqual([call.parentSpanId, call.kind, call.name], [own.spanId, 3, 'POST']);
    assert.equal(call.attributes['http.response.status_code'], 200);
    assert.equal(call.attributes['server.address'], '127.0.0.1');
    const command = await found(({attributes}) => attributes['db.system.name'] === 'redis');
    assert.deepEqual([command.parentSpanId, command.attributes['db.operation.name']], [own.spanId, command.name]);
    assert.deepEqual(asked, [undefined], 'nobody else is told of our traces');
    await issuer.close();
    assert.ok((await ask('/orders/1', from('b'), 'canary-token-2')).errorResponse);
    const failed = await found(({name, traceId}) => name === check && traceId === trace('b'));
    assert.deepEqual([failed.status.code, failed.attributes['error.type']], [2, 'unavailable']);
    const refused = await found(({attributes}) => attributes['error.type'] === 'refused');
    assert.equal(refused.traceId, trace('b'));
    const all = collector.text();
    for (const secret of ['canary', 'alice']) assert.ok(!all.includes(secret), secret);
  });

  it('the sampled flag is honoured, and the sampler of the variables', async () => {
    const {ask} = await direct(variables(collector));
    await ask('/orders/1', from('c', '00'));
    await ask('/orders/1', 'not a traceparent');
    await ask('/orders/1', from('d'));
    await found(({traceId}) => traceId === trace('d'));
    const traces = new Set(collector.spans.map(({traceId}) => traceId));
    assert.ok(!traces.has(trace('c')));
    assert.equal(traces.size, 2, 'one of its own, and that of d');
    const never = await direct(variables(collector, {OTEL_TRACES_SAMPLER: 'always_off'}));
    await never.ask('/orders/1', from('e'));
    await never.postern.stop();
    assert.ok(!collector.spans.some(({traceId}) => traceId === trace('e')));
  });

  it('exemplars lead from the histogram to the trace, in OpenMetrics alone', async () => {
    const {ask, postern} = await direct(variables(collector));
    await ask('/elsewhere', from('f'));
    const {spanId} = await found(({traceId}) => traceId === trace('f'));
    const read = async (accept: string) => (await fetch(`${postern.adminUrl}/metrics`, {headers: {accept}})).text();
    const open = await read('application/openmetrics-text; version=1.0.0');
    const line = new RegExp(
      `^postern_check_duration_seconds_bucket\\{outcome="deny",le="[^"]+"\\} \\d+ # \\{trace_id="${trace('f')}",span_id="${spanId}"\\} [\\d.e-]+$`,
      'm',
    );
    assert.match(open, line);
    assert.doesNotMatch(await read('text/plain'), /trace_id/);
  });

  it('a collector that is away costs a line of the log, and what waits is told at the end', async () => {
    const {postern, ask} = await direct({
      ...variables(collector),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    });
    for (let count = 0; count < 50; count++) await ask('/elsewhere');
    await until('it is told', () => postern.logs().includes('spans may not arrive'), 30_000);
    assert.equal(postern.logs().match(/spans may not arrive/g)?.length, 1);
    assert.equal(await postern.stop(), 0);
    const last = await direct(variables(collector, {OTEL_BSP_SCHEDULE_DELAY: '600000'}));
    await last.ask('/orders/1', from('9'));
    assert.equal(collector.spans.length, 0);
    assert.equal(await last.postern.stop(), 0);
    assert.ok(collector.spans.some(({traceId}) => traceId === trace('9')));
  });

  it('a variable that means nothing is told, and nothing else is lost', async () => {
    const {postern, ask} = await direct(
      variables(collector, {OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier-pigeon', OTEL_TRACES_SAMPLER: 'some'}),
    );
    assert.equal((await ask('/elsewhere')).deniedResponse?.status?.code, 'Forbidden');
    assert.match(
      postern.logs(),
      /OTEL_EXPORTER_OTLP_PROTOCOL=carrier-pigeon is not known here: it is one of http\/protobuf/,
    );
    assert.match(postern.logs(), /OTEL_TRACES_SAMPLER=some is not known here/);
    await until('the default protocol is spoken', () => collector.bytes().length > 0, 15_000);
  });
});
