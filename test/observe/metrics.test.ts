// What Prometheus is told: exact names and labels, from the start, bounded by the configuration.
import assert from 'node:assert/strict';
import type {Access} from '../../src/core/rule/rules.ts';
import {makeMetrics} from '../../src/observe/metrics.ts';
import {durationBounds, metricTable} from '../../src/observe/metricTable.ts';
import {scraped} from './exposition.ts';

const access: Record<string, Access> = {
  public: {access: 'public'},
  deny: {access: 'deny'},
  require: {access: 'require', require: {}},
  acmeOnly: {access: 'require', require: {providers: ['acme']}},
};
const rule = (name: string, kind = 'require') => ({name, access: access[kind] as Access});

const configured = {
  rules: [rule('health', 'public'), rule('old', 'deny'), rule('orders'), rule('mine', 'acmeOnly')],
  providers: ['acme', 'keys'],
  hash: 'abc123',
  at: 1_700_000_000_000,
};

const make = () => {
  const faults: string[] = [];
  const metrics = makeMetrics({version: '1.2.3', node: 'v24.0.0', fault: (gauge) => faults.push(gauge)});
  const scrape = async (accept?: string) => scraped((await metrics.exposition(accept)).text);
  return {metrics, scrape, faults};
};

const decision = (rule: string, outcome: string, reason: string, provider: string) => ({
  rule,
  outcome,
  reason,
  provider,
});

describe('metrics', () => {
  it('have the names and types of the contract, whether or not anything happened', async () => {
    const {scrape} = make();
    const {types} = await scrape();
    for (const [name, {type}] of Object.entries(metricTable)) assert.equal(types.get(name), type, name);
    assert.equal(types.get('process_cpu_seconds_total'), 'counter');
    assert.equal(types.get('nodejs_eventloop_lag_p99_seconds'), 'gauge');
  });

  it('the allow and deny series of every rule exist from the start', async () => {
    const {metrics, scrape} = make();
    metrics.configured(configured);
    const {samples, value} = await scrape();
    for (const {name} of configured.rules) {
      for (const outcome of ['allow', 'deny']) {
        const series = samples.filter(({labels}) => labels.rule === name && labels.outcome === outcome);
        assert.ok(series.length > 0 && series.every((sample) => sample.value === 0), `${name} ${outcome}`);
      }
    }
    assert.equal(value('postern_decisions_total', decision('orders', 'allow', 'none', 'keys')), 0);
    assert.equal(value('postern_decisions_total', decision('mine', 'allow', 'none', 'keys')), undefined);
    assert.equal(value('postern_decisions_total', decision('none', 'deny', 'no_rule', 'none')), 0);
    for (const outcome of ['allow', 'deny', 'error', 'shadow_deny'])
      assert.equal(value('postern_check_duration_seconds_count', {outcome}), 0);
    for (const result of ['success', 'failure']) assert.equal(value('postern_config_reloads_total', {result}), 0);
  });

  it('count decisions by rule, outcome, reason and provider', async () => {
    const {metrics, scrape} = make();
    metrics.configured(configured);
    metrics.decided('allow', undefined, 'orders', 'acme', 0.000_03);
    metrics.decided('allow', undefined, 'orders', 'acme', 0.000_03);
    metrics.decided('deny', 'missing_role', 'orders', 'acme', 0.000_3);
    metrics.decided('shadow_deny', 'missing_feature', 'orders', 'keys', 0.000_3);
    metrics.decided('deny', 'ambiguous_path', undefined, undefined, 0.000_02);
    const {value} = await scrape();
    const rows: [string, string, string, string, number][] = [
      ['orders', 'allow', 'none', 'acme', 2],
      ['orders', 'deny', 'missing_role', 'acme', 1],
      ['orders', 'shadow_deny', 'missing_feature', 'keys', 1],
      ['none', 'deny', 'ambiguous_path', 'none', 1],
    ];
    for (const [name, outcome, reason, provider, count] of rows)
      assert.equal(value('postern_decisions_total', decision(name, outcome, reason, provider)), count, name);
  });

  it('put durations into buckets that add up, from 50 us', async () => {
    const {metrics, scrape} = make();
    for (const seconds of [0.000_05, 0.000_06, 0.3, 100, Number.NaN, -1])
      metrics.decided('allow', undefined, undefined, undefined, seconds);
    const {value, samples} = await scrape();
    const upTo = (le: string) => value('postern_check_duration_seconds_bucket', {outcome: 'allow', le});
    assert.deepEqual([upTo('0.00005'), upTo('0.0001'), upTo('0.25'), upTo('0.5'), upTo('+Inf')], [1, 2, 2, 3, 4]);
    assert.equal(value('postern_check_duration_seconds_count', {outcome: 'allow'}), 4);
    assert.ok(Math.abs((value('postern_check_duration_seconds_sum', {outcome: 'allow'}) ?? 0) - 100.300_11) < 1e-9);
    const buckets = samples.filter(
      ({name, labels}) => name === 'postern_check_duration_seconds_bucket' && labels.outcome === 'allow',
    );
    assert.equal(buckets.length, durationBounds.length + 1);
    for (const [at, bucket] of buckets.entries()) assert.ok(at === 0 || bucket.value >= (buckets[at - 1]?.value ?? 0));
  });

  it('label sets are bounded: what the configuration does not know is other', async () => {
    const {metrics, scrape} = make();
    metrics.configured(configured);
    const before = (await scrape()).samples.length;
    for (let at = 0; at < 500; at += 1) {
      metrics.decided('deny', 'no_credential', `rule-${at}`, `provider-${at}`, 0.001);
      metrics.authenticated(`provider-${at}`, 'header', 'verified');
    }
    for (const name of ['__proto__', 'constructor', 'toString'])
      metrics.decided('deny', 'no_credential', name, name, 0.001);
    const {samples, value} = await scrape();
    const own = samples.filter(({name}) => name.startsWith('postern_'));
    assert.ok(samples.length - before < 50, 'process metrics may come and go, ours may not');
    assert.ok(own.every(({labels}) => !/rule-|provider-|__proto__|constructor/.test(JSON.stringify(labels))));
    assert.equal(value('postern_decisions_total', decision('other', 'deny', 'no_credential', 'other')), 503);
    assert.equal(
      value('postern_authentications_total', {provider: 'other', credential: 'header', result: 'verified'}),
      500,
    );
  });

  it('a reload drops the series of vanished rules and providers and keeps the counts of the others', async () => {
    const {metrics, scrape} = make();
    metrics.configured(configured);
    metrics.decided('allow', undefined, 'orders', 'acme', 0.001);
    metrics.decided('allow', undefined, 'orders', 'keys', 0.001);
    metrics.decided('allow', undefined, 'health', undefined, 0.001);
    metrics.authenticated('keys', 'header', 'verified');
    metrics.reloaded('success');
    metrics.configured({
      rules: [rule('orders'), rule('new')],
      providers: ['acme'],
      hash: 'def456',
      at: 1_700_000_100_000,
    });
    const {samples, value} = await scrape();
    assert.equal(value('postern_decisions_total', decision('orders', 'allow', 'none', 'acme')), 1);
    assert.equal(value('postern_decisions_total', decision('new', 'allow', 'none', 'none')), 0);
    assert.ok(samples.every(({labels}) => labels.rule !== 'health' && labels.provider !== 'keys'));
    assert.equal(value('postern_config_info', {hash: 'def456'}), 1);
    assert.equal(value('postern_config_info', {hash: 'abc123'}), undefined);
    assert.equal(value('postern_config_last_reload_success_timestamp_seconds'), 1_700_000_100);
    assert.equal(value('postern_config_reloads_total', {result: 'success'}), 1);
    metrics.decided('allow', undefined, 'orders', 'acme', 0.001);
    assert.equal((await scrape()).value('postern_decisions_total', decision('orders', 'allow', 'none', 'acme')), 2);
  });

  it('caches and dependencies are counted through their observers', async () => {
    const {metrics, scrape} = make();
    metrics.cache.request('principals', 'memory', 'hit');
    metrics.cache.request('principals', 'memory', 'hit');
    metrics.cache.request('principals', 'redis', 'error');
    metrics.remote.called('keys:acme', 'ok', 0.02);
    metrics.remote.called('keys:acme', 'timeout', 2);
    metrics.remote.circuit('keys:acme', 'open');
    const {value} = await scrape();
    assert.equal(value('postern_cache_requests_total', {cache: 'principals', layer: 'memory', result: 'hit'}), 2);
    assert.equal(value('postern_cache_requests_total', {cache: 'principals', layer: 'redis', result: 'error'}), 1);
    assert.equal(value('postern_dependency_requests_total', {dependency: 'keys:acme', result: 'timeout'}), 1);
    assert.equal(value('postern_dependency_duration_seconds_count', {dependency: 'keys:acme'}), 2);
    assert.equal(value('postern_circuit_state', {dependency: 'keys:acme'}), 2);
  });

  it('gauges are read at the scrape; a reader that throws loses its own series only, and is told of', async () => {
    const {metrics, scrape, faults} = make();
    let age = 5;
    metrics.gauge('postern_keys_age_seconds', () => [{labels: {provider: 'acme'}, value: age}]);
    metrics.gauge('postern_keys_age_seconds', () => {
      throw new Error('no');
    });
    const end = metrics.gauge('postern_cache_entries', () => [{labels: {cache: 'principals'}, value: 7}]);
    metrics.gauge('postern_entitlements_age_seconds', () => [{value: Number.POSITIVE_INFINITY}]);
    assert.equal((await scrape()).value('postern_keys_age_seconds', {provider: 'acme'}), 5);
    age = 6;
    end();
    const {value} = await scrape();
    assert.equal(value('postern_keys_age_seconds', {provider: 'acme'}), 6);
    assert.equal(value('postern_cache_entries', {cache: 'principals'}), undefined);
    assert.equal(value('postern_entitlements_age_seconds'), Number.POSITIVE_INFINITY);
    assert.deepEqual(faults, ['postern_keys_age_seconds', 'postern_keys_age_seconds']);
    assert.equal(value('postern_build_info', {version: '1.2.3', node: 'v24.0.0'}), 1);
  });

  it('odd label values are escaped, not obeyed', async () => {
    const {metrics, scrape} = make();
    const odd = 'a"} 1\n# TYPE evil counter\nevil 1 \\';
    metrics.cache.request(odd, 'memory', 'hit');
    const {value, types} = await scrape();
    assert.equal(value('postern_cache_requests_total', {cache: odd, layer: 'memory', result: 'hit'}), 1);
    assert.equal(types.has('evil'), false);
  });

  it('OpenMetrics for who prefers it, and the plain format is untouched by that', async () => {
    const {metrics, scrape} = make();
    metrics.configured({...configured, rules: [rule('5')]});
    metrics.decided('allow', undefined, '5', 'acme', 0.001);
    const {type, text} = await metrics.exposition('application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2');
    assert.match(type, /^application\/openmetrics-text/);
    assert.ok(text.endsWith('\n# EOF\n'));
    assert.ok(!text.includes('\n\n'));
    const open = scraped(text);
    assert.equal(open.types.get('postern_decisions'), 'counter');
    assert.equal(open.types.has('postern_decisions_total'), false);
    assert.equal(open.value('postern_decisions_total', decision('5', 'allow', 'none', 'acme')), 1);
    assert.equal(open.value('postern_check_duration_seconds_bucket', {outcome: 'allow', le: '1.0'}), 1);
    const plain = await scrape('text/plain');
    assert.equal(plain.types.get('postern_decisions_total'), 'counter');
    assert.equal(plain.value('postern_check_duration_seconds_bucket', {outcome: 'allow', le: '1'}), 1);
  });

  it('each call of makeMetrics has a registry of its own', async () => {
    const [one, two] = [make(), make()];
    one.metrics.reloaded('failure');
    assert.equal((await two.scrape()).value('postern_config_reloads_total', {result: 'failure'}), 0);
  });
});
