// When each alert must fire and when it must not: series as promtool writes them, one value a minute.

export interface AlertRow {
  readonly alert: string;
  readonly when: string;
  /** Series and their values, of the workload `shop` in the namespace `n`. */
  readonly series: Readonly<Record<string, string>>;
  /** When it is looked at. */
  readonly at: string;
  /** The summary, if it must fire. */
  readonly says?: string;
  /** Its labels besides namespace, job and severity. */
  readonly labels?: Readonly<Record<string, string>>;
}

const checks = (good: string, undecided: string) => ({
  'postern_check_duration_seconds_count{outcome="allow"}': good,
  'postern_check_duration_seconds_count{outcome="error"}': undecided,
});
const denials = (values: string) => ({
  'postern_decisions_total{rule="orders", outcome="deny", reason="wrong_tenant"}': values,
});
const bug = (values: string) => ({'postern_decisions_total{rule="none", outcome="error", reason="internal"}': values});
const times = (fast: string, all: string) => ({
  'postern_check_duration_seconds_bucket{le="0.05"}': fast,
  'postern_check_duration_seconds_bucket{le="0.1"}': all,
  'postern_check_duration_seconds_bucket{le="+Inf"}': all,
});
const calls = (ok: string, timeout: string) => ({
  'postern_dependency_requests_total{dependency="keys:acme", result="ok"}': ok,
  'postern_dependency_requests_total{dependency="keys:acme", result="timeout"}': timeout,
});
const circuit = (values: string) => ({'postern_circuit_state{dependency="redis"}': values});
const reloads = (failures: string, lastSuccess: string) => ({
  'postern_config_reloads_total{result="failure"}': failures,
  'postern_config_reloads_total{result="success"}': '0x400',
  postern_config_last_reload_success_timestamp_seconds: lastSuccess,
});
const keys = (values: string) => ({'postern_keys_age_seconds{provider="acme"}': values});

export const alertRows: readonly AlertRow[] = [
  {
    alert: 'PosternErrorBudgetBurnFast',
    when: '6 % are undecided for a quarter of an hour',
    series: checks('0+940x60', '0+60x60'),
    at: '15m',
    says: 'shop leaves 6% of requests undecided.',
  },
  {
    alert: 'PosternErrorBudgetBurnFast',
    when: '1 % are undecided for three hours',
    series: checks('0+990x200', '0+10x200'),
    at: '3h',
    says: 'shop leaves 1% of requests undecided.',
  },
  {
    alert: 'PosternErrorBudgetBurnFast',
    when: '0.4 % are undecided: for the slow one to say',
    series: checks('0+996x200', '0+4x200'),
    at: '3h',
  },
  {
    alert: 'PosternErrorBudgetBurnFast',
    when: 'an outage of ten minutes is over since forty',
    series: checks('0+940x60', '0+60x10 600x60'),
    at: '50m',
  },
  {
    alert: 'PosternErrorBudgetBurnFast',
    when: 'five of a hundred requests of a quiet night are undecided',
    series: checks('0+5x30', '0 1 2 3 4 5x30'),
    at: '8m',
  },
  {alert: 'PosternErrorBudgetBurnFast', when: 'nobody asks', series: checks('0x60', '0x60'), at: '30m'},
  {
    alert: 'PosternErrorBudgetBurnSlow',
    when: '0.4 % are undecided for three hours',
    series: checks('0+996x200', '0+4x200'),
    at: '3h',
    says: 'shop leaves 0.4% of requests undecided, again and again.',
  },
  {
    alert: 'PosternErrorBudgetBurnSlow',
    when: '0.2 % are undecided for two days',
    series: checks('0+998x2900', '0+2x2900'),
    at: '48h',
    says: 'shop leaves 0.2% of requests undecided, again and again.',
  },
  {
    alert: 'PosternErrorBudgetBurnSlow',
    when: '0.05 % are undecided: within the objective',
    series: checks('0+1999x400', '0+1x400'),
    at: '6h',
  },

  {
    alert: 'PosternBug',
    when: 'the first one is met',
    series: bug('_x10 1x30'),
    at: '15m',
    says: 'shop met a bug of Postern; the requests were not let through.',
  },
  {
    alert: 'PosternBug',
    when: 'another one is met',
    series: bug('3x30 4x30'),
    at: '35m',
    says: 'shop met a bug of Postern; the requests were not let through.',
  },
  {alert: 'PosternBug', when: 'the last one is an hour ago', series: bug('_x10 1x80'), at: '70m'},

  {
    alert: 'PosternDenialsSpike',
    when: 'there is no yesterday, and sixty times as many as in the last hour are denied',
    series: denials('0+1x90 150+60x60'),
    at: '1h50m',
    says: 'Rule orders of shop denies 1.0 requests a second, over five times what is usual.',
    labels: {rule: 'orders'},
  },
  {
    alert: 'PosternDenialsSpike',
    when: 'far more than yesterday are denied, since hours',
    series: denials('0+1x1380 1440+60x300'),
    at: '27h',
    says: 'Rule orders of shop denies 1.0 requests a second, over five times what is usual.',
    labels: {rule: 'orders'},
  },
  {
    alert: 'PosternDenialsSpike',
    when: 'the morning is as it was yesterday, after a quiet night',
    series: denials('0+60x120 7201+1x1320 8581+60x120'),
    at: '25h',
  },
  {
    alert: 'PosternDenialsSpike',
    when: 'six a minute are denied where none were',
    series: denials('0x90 0+6x60'),
    at: '1h50m',
  },
  {alert: 'PosternDenialsSpike', when: 'it is as always', series: denials('0+600x200'), at: '3h'},

  {
    alert: 'PosternSlow',
    when: 'a tenth takes longer than 50 ms',
    series: times('0+90x40', '0+100x40'),
    at: '20m',
    says: 'shop: one decision in a hundred takes longer than 95ms.',
  },
  {alert: 'PosternSlow', when: 'all are fast', series: times('0+100x40', '0+100x40'), at: '20m'},
  {alert: 'PosternSlow', when: 'it was slow for three minutes', series: times('0x3 0+100x40', '0+100x43'), at: '12m'},

  {
    alert: 'PosternDown',
    when: 'an instance that answered does not',
    series: {'up{instance="a:9190"}': '1x10 0x40', 'postern_build_info{instance="a:9190", version="1"}': '1x10 stale'},
    at: '20m',
    says: '1 instances of shop do not answer.',
  },
  {
    alert: 'PosternDown',
    when: 'it is something else that does not answer',
    series: {
      'up{instance="b:80"}': '1x10 0x40',
      'up{instance="a:9190"}': '1x50',
      'postern_build_info{instance="a:9190", version="1"}': '1x50',
    },
    at: '20m',
  },
  {
    alert: 'PosternDown',
    when: 'it was a scrape or two',
    series: {'up{instance="a:9190"}': '1x10 0 0 1x40', 'postern_build_info{instance="a:9190", version="1"}': '1x50'},
    at: '13m',
  },

  {
    alert: 'PosternDependencyDown',
    when: 'three of five calls fail',
    series: calls('0+4x40', '0+6x40'),
    at: '20m',
    says: 'keys:acme: 60% of the calls of shop fail.',
    labels: {dependency: 'keys:acme'},
  },
  {alert: 'PosternDependencyDown', when: 'one in ten fails', series: calls('0+9x40', '0+1x40'), at: '20m'},
  {alert: 'PosternDependencyDown', when: 'nothing is asked', series: calls('5x40', '9x40'), at: '20m'},

  {
    alert: 'PosternCircuitOpen',
    when: 'it is open, and tried now and then',
    series: circuit('0x5 2 2 2 1 2 2 1 2 2 2 1 2 2 2'),
    at: '12m',
    says: 'shop has stopped calling redis.',
    labels: {dependency: 'redis'},
  },
  {alert: 'PosternCircuitOpen', when: 'it closes again and again', series: circuit('0 2 0 2 0 2 0 2 0 2 0'), at: '10m'},
  {alert: 'PosternCircuitOpen', when: 'it is closed', series: circuit('0x20'), at: '10m'},

  {
    alert: 'PosternRevocationFeedLag',
    when: 'one of two instances is behind for minutes',
    series: {
      'postern_revocation_feed_lag_seconds{pod="a"}': '0x30',
      'postern_revocation_feed_lag_seconds{pod="b"}': '0x5 0+60x20',
    },
    at: '12m',
    says: 'shop has not heard of revocations for 6m 0s.',
  },
  {
    alert: 'PosternRevocationFeedLag',
    when: 'Redis was away for half a minute',
    series: {'postern_revocation_feed_lag_seconds{pod="a"}': '0 30 0x20'},
    at: '2m',
  },

  {
    alert: 'PosternRevocationsUnannounced',
    when: 'one of two instances has had some for minutes',
    series: {
      'postern_revocations_unannounced{pod="a"}': '0x30',
      'postern_revocations_unannounced{pod="b"}': '0x5 3x20',
    },
    at: '12m',
    says: '3 revocations are known to an instance of shop and cannot be told to the others.',
  },
  {
    alert: 'PosternRevocationsUnannounced',
    when: 'Redis was away for half a minute',
    series: {'postern_revocations_unannounced{pod="a"}': '0 4 0x20'},
    at: '2m',
  },

  {
    alert: 'PosternEntitlementsStale',
    when: 'they have not been fetched for ten minutes',
    series: {postern_entitlements_age_seconds: '0+60x30'},
    at: '10m',
    says: 'shop decides by entitlements that are 10m 0s old.',
  },
  {
    alert: 'PosternEntitlementsStale',
    when: 'they are fetched every thirty seconds',
    series: {postern_entitlements_age_seconds: '0 29 3 25 11 30x20'},
    at: '10m',
  },

  {
    alert: 'PosternKeysOld',
    when: 'they have not been fetched for two hours',
    series: keys('0+60x180'),
    at: '2h',
    says: 'The signing keys of acme in shop are 2h 0m 0s old.',
    labels: {provider: 'acme'},
  },
  {alert: 'PosternKeysOld', when: 'they are fetched every ten minutes', series: keys('0 300 600x60'), at: '30m'},

  {
    alert: 'PosternConfigReloadFailed',
    when: 'a change was refused just now',
    series: reloads('0x10 1x400', '0x400'),
    at: '11m',
    says: 'shop refuses its new configuration.',
  },
  {
    alert: 'PosternConfigReloadFailed',
    when: 'a change was refused five hours ago, and nothing is mended',
    series: reloads('0x60 1x400', '0x400'),
    at: '6h',
    says: 'shop refuses its new configuration.',
  },
  {
    alert: 'PosternConfigReloadFailed',
    when: 'one of two instances has mended it',
    series: {
      ...reloads('0x60 1x400', '0x400'),
      'postern_config_reloads_total{pod="b", result="failure"}': '0x60 1x400',
      'postern_config_last_reload_success_timestamp_seconds{pod="b"}': '0x65 3900x400',
    },
    at: '3h',
    says: 'shop refuses its new configuration.',
  },
  {
    alert: 'PosternConfigReloadFailed',
    when: 'the change was mended two minutes later',
    series: reloads('0x60 1x400', '0x62 3750x400'),
    at: '2h',
  },
  {
    alert: 'PosternConfigReloadFailed',
    when: 'all changes were good',
    series: reloads('0x400', '0x60 3600x400'),
    at: '2h',
  },

  {
    alert: 'PosternStateNotWritten',
    when: 'each attempt of one of two instances to write its entitlements has failed for half an hour',
    series: {
      'postern_state_writes_total{pod="a", kept="entitlements", result="failure"}': '0x5 1+1x40',
      'postern_state_writes_total{pod="b", kept="entitlements", result="failure"}': '0x50',
    },
    at: '30m',
    says: 'shop cannot keep on disk what was last good.',
  },
  {
    alert: 'PosternStateNotWritten',
    when: 'one attempt failed',
    series: {'postern_state_writes_total{pod="a", kept="entitlements", result="failure"}': '0x5 1x40'},
    at: '30m',
  },

  {
    alert: 'PosternDecidesFromDisk',
    when: 'one of two instances has decided by keys from disk for ten minutes',
    series: {
      'postern_state_in_use{pod="a", kept="keys acme"}': '0x5 1x40',
      'postern_state_in_use{pod="b", kept="keys acme"}': '0x45',
    },
    at: '20m',
    says: 'shop decides by what it read from disk.',
  },
  {
    alert: 'PosternDecidesFromDisk',
    when: 'it did so for three minutes after its start',
    series: {'postern_state_in_use{pod="a", kept="keys acme"}': '1x3 0x40'},
    at: '20m',
  },

  {
    alert: 'PosternConfigWaiting',
    when: 'a new configuration has waited for ten minutes on one of two instances',
    series: {'postern_config_waiting{pod="a"}': '0x5 1x40', 'postern_config_waiting{pod="b"}': '0x45'},
    at: '20m',
    says: 'A new configuration of shop waits.',
  },
  {
    alert: 'PosternConfigWaiting',
    when: 'it waited for three minutes',
    series: {'postern_config_waiting{pod="a"}': '0x5 1x3 0x40'},
    at: '20m',
  },

  {
    alert: 'PosternConfigDrift',
    when: 'two instances differ for half an hour',
    series: {'postern_config_info{pod="a", hash="1"}': '1x40', 'postern_config_info{pod="b", hash="2"}': '1x40'},
    at: '30m',
    says: 'Instances of shop run 2 different configurations.',
  },
  {
    alert: 'PosternConfigDrift',
    when: 'a change takes ten minutes to reach all',
    series: {
      'postern_config_info{pod="a", hash="1"}': '1x5 stale',
      'postern_config_info{pod="a", hash="2"}': '_x5 1x40',
      'postern_config_info{pod="b", hash="1"}': '1x15 stale',
      'postern_config_info{pod="b", hash="2"}': '_x15 1x40',
    },
    at: '30m',
  },
  {
    alert: 'PosternConfigDrift',
    when: 'it is another workload that differs',
    series: {'postern_config_info{job="shop", hash="1"}': '1x40', 'postern_config_info{job="bank", hash="2"}': '1x40'},
    at: '30m',
  },
];
