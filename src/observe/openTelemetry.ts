// OpenTelemetry, loaded only where its variables ask for it: the one place that knows its libraries.

import type {Span} from '@opentelemetry/api';
import type {Sampler, SpanExporter} from '@opentelemetry/sdk-trace';
import {makeSeldom} from '../core/seldom.ts';
import type {Log} from './log.ts';
import type {Protocol, TracingAsked} from './otelSettings.ts';
import {makeSpans, type Spans} from './spans.ts';
import type {SpanPosition} from './tracing.ts';

export interface OpenTelemetryParts {
  /** Of Postern. */
  readonly version: string;
  readonly log: Pick<Log, 'warn' | 'info'>;
  /** Milliseconds, steady. */
  readonly steady: () => number;
}

/** Milliseconds between two lines of one kind: a collector that is away must not fill the log. */
const pause = 60_000;
/** Milliseconds that the end of the process waits for what is still to be told. */
const patience = 3_000;

/**
 * Which collector it is, and how it is reached, the libraries read from OTEL_* themselves. Never rejects: what cannot be
 * traced is served all the same, and undefined.
 */
export const startOpenTelemetry = async (
  asked: TracingAsked,
  parts: OpenTelemetryParts,
): Promise<Spans | undefined> => {
  const {log} = parts;
  for (const fault of asked.faults) log.warn({}, fault);
  if (asked.exporters.length === 0) return undefined;
  try {
    return await started(asked, parts);
  } catch (error) {
    log.warn({err: error}, 'OpenTelemetry cannot be started: there are no spans');
    return undefined;
  }
};

const started = async (asked: TracingAsked, parts: OpenTelemetryParts): Promise<Spans> => {
  const {version, log, steady} = parts;
  const [api, sdk, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
  ]);
  const seldom = makeSeldom(pause, steady);
  const tell = (...said: readonly unknown[]) => {
    const count = seldom('diagnosis');
    if (count === undefined) return;
    const detail = said.map((one) => (one instanceof Error ? one.message : String(one))).join(' ');
    log.warn({detail: detail.slice(0, 512), count}, 'OpenTelemetry: spans may not arrive');
  };
  const quiet = () => {};
  api.diag.setLogger({error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet}, api.DiagLogLevel.WARN);
  const exporters = await Promise.all(
    asked.exporters.map((one) => (one === 'console' ? new sdk.ConsoleSpanExporter() : otlpExporter(asked.protocol))),
  );
  // What the variables say comes last, and so counts.
  const resource = resources
    .resourceFromAttributes({'service.name': 'postern', 'service.version': version})
    .merge(resources.detectResources({detectors: [resources.envDetector]}));
  const provider = new sdk.TracerProvider({
    resource,
    sampler: samplerOf(asked, sdk),
    spanProcessors: exporters.map((exporter) => new sdk.BatchSpanProcessor({exporter, ...asked.batch})),
  });
  log.info(
    {exporters: asked.exporters, protocol: asked.protocol, sampler: asked.sampler},
    'spans are told to OpenTelemetry',
  );

  return makeSpans({
    tracer: provider.getTracer('postern', version),
    kinds: {server: api.SpanKind.SERVER, client: api.SpanKind.CLIENT},
    failed: api.SpanStatusCode.ERROR,
    below: (parent) => {
      if (parent === undefined) return api.ROOT_CONTEXT;
      if (isSpan(parent)) return api.trace.setSpan(api.ROOT_CONTEXT, parent);
      const {traceId, spanId, sampled} = parent;
      const traceFlags = sampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE;
      return api.trace.setSpanContext(api.ROOT_CONTEXT, {traceId, spanId, traceFlags, isRemote: true});
    },
    close: async () => {
      const late = new Promise<void>((resolve) => void setTimeout(resolve, patience).unref());
      await Promise.race([provider.shutdown().catch(tell), late]);
      api.diag.disable();
    },
  });
};

const isSpan = (parent: SpanPosition | Span): parent is Span => 'spanContext' in parent;

const otlpExporter = async (protocol: Protocol): Promise<SpanExporter> => {
  switch (protocol) {
    case 'http/json':
      return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter();
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter();
    case 'grpc':
      return new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter();
  }
};

const samplerOf = ({sampler, ratio}: TracingAsked, sdk: typeof import('@opentelemetry/sdk-trace')): Sampler => {
  const [, isBased, own] = /^(parentbased_)?(.*)$/.exec(sampler) ?? [];
  const root =
    own === 'always_off'
      ? new sdk.AlwaysOffSampler()
      : own === 'traceidratio'
        ? new sdk.TraceIdRatioBasedSampler(ratio)
        : new sdk.AlwaysOnSampler();
  return isBased === undefined ? root : new sdk.ParentBasedSampler({root});
};
