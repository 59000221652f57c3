// What the variables of OpenTelemetry ask for.
import assert from 'node:assert/strict';
import {tracingAsked} from '../../src/observe/otelSettings.ts';

const endpoint = {OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318'};
const usual = {
  exporters: ['otlp'],
  protocol: 'http/protobuf',
  sampler: 'parentbased_always_on',
  ratio: 1,
  batch: {},
  faults: [],
};

describe('the variables of OpenTelemetry', () => {
  const none: [about: string, variables: Record<string, string>][] = [
    ['nothing is set', {}],
    ['a name of the service alone', {OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on'}],
    ['switched off', {...endpoint, OTEL_SDK_DISABLED: 'true'}],
    ['switched off, in capitals', {...endpoint, OTEL_SDK_DISABLED: 'TRUE'}],
    ['no exporter', {...endpoint, OTEL_TRACES_EXPORTER: 'none'}],
    ['empty', {OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_EXPORTER: ' '}],
  ];
  for (const [about, variables] of none) {
    it(`${about}: no tracing`, () => assert.equal(tracingAsked(variables), undefined));
  }
  const rows: [about: string, variables: Record<string, string>, asked: object][] = [
    ['an endpoint', endpoint, usual],
    ['one for traces', {OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c'}, usual],
    ['not switched off', {...endpoint, OTEL_SDK_DISABLED: 'yes'}, usual],
    ['an exporter', {OTEL_TRACES_EXPORTER: 'otlp'}, usual],
    ['two', {OTEL_TRACES_EXPORTER: 'console, otlp'}, {...usual, exporters: ['console', 'otlp']}],
    ['a protocol', {...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc'}, {...usual, protocol: 'grpc'}],
    [
      'that of traces counts',
      {...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json'},
      {...usual, protocol: 'http/json'},
    ],
    [
      'a ratio',
      {...endpoint, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25'},
      {...usual, sampler: 'parentbased_traceidratio', ratio: 0.25},
    ],
    [
      'batches',
      {...endpoint, OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_BSP_MAX_QUEUE_SIZE: '64'},
      {...usual, batch: {scheduledDelayMillis: 100, maxQueueSize: 64}},
    ],
  ];
  for (const [about, variables, asked] of rows) {
    it(about, () => assert.deepEqual(tracingAsked(variables), asked));
  }
  const faults: [variables: Record<string, string>, said: RegExp][] = [
    [{OTEL_TRACES_EXPORTER: 'zipkin'}, /^OTEL_TRACES_EXPORTER=zipkin is not known here: it is otlp, console or none$/],
    [{...endpoint, OTEL_TRACES_SAMPLER: 'jaeger_remote'}, /jaeger_remote is not known here: it is one of parentbased/],
    [{...endpoint, OTEL_TRACES_SAMPLER_ARG: '2'}, /OTEL_TRACES_SAMPLER_ARG=2 is no such number/],
    [{...endpoint, OTEL_BSP_SCHEDULE_DELAY: '5s'}, /OTEL_BSP_SCHEDULE_DELAY=5s is no such number/],
  ];
  for (const [variables, said] of faults) {
    it(`says: ${said.source.slice(0, 50)}`, () => assert.match(`${tracingAsked(variables)?.faults}`, said));
  }
});
