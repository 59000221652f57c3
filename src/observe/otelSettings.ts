// What the standard variables of OpenTelemetry ask for (https://opentelemetry.io/docs/specs/otel/configuration/): whether
// there is tracing at all, whom it is told to, and how much of it.

/** Variables by name. */
type Variables = Readonly<Record<string, string | undefined>>;

export const protocols = ['http/protobuf', 'http/json', 'grpc'] as const;
export type Protocol = (typeof protocols)[number];

export const samplers = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const;
export type SamplerName = (typeof samplers)[number];

export interface TracingAsked {
  readonly exporters: readonly ('otlp' | 'console')[];
  readonly protocol: Protocol;
  readonly sampler: SamplerName;
  /** Of the samplers by ratio. */
  readonly ratio: number;
  /** Of the batches, as OTEL_BSP_* says; milliseconds and spans. Absent: the library's. */
  readonly batch: {
    readonly scheduledDelayMillis?: number;
    readonly exportTimeoutMillis?: number;
    readonly maxQueueSize?: number;
    readonly maxExportBatchSize?: number;
  };
  /** What cannot be taken as it stands, in sentences for the log. */
  readonly faults: readonly string[];
}

/** Undefined: nobody asks, so nothing of it is even loaded. An empty variable counts as none, as the standard says. */
export const tracingAsked = (variables: Variables): TracingAsked | undefined => {
  const of = (name: string): string | undefined => variables[name]?.trim() || undefined;
  if (of('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const named = of('OTEL_TRACES_EXPORTER');
  const endpoint = of('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? of('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (named === undefined && endpoint === undefined) return undefined;

  const faults: string[] = [];
  const oneOf = <T extends string>(name: string, value: string | undefined, known: readonly T[], usual: T): T => {
    const found = known.find((one) => one === value?.toLowerCase());
    if (value !== undefined && found === undefined)
      faults.push(
        `${name}=${value.slice(0, 64)} is not known here: it is one of ${known.join(', ')}; ${usual} is taken`,
      );
    return found ?? usual;
  };
  const number = (name: string, isRight: (value: number) => boolean): number | undefined => {
    const text = of(name);
    const value = Number(text);
    if (text === undefined || (isRight(value) && Number.isFinite(value))) return text === undefined ? undefined : value;
    faults.push(`${name}=${text.slice(0, 64)} is no such number: it is not looked at`);
    return undefined;
  };

  const exporters: ('otlp' | 'console')[] = [];
  for (const one of (named ?? 'otlp').split(',').map((text) => text.trim().toLowerCase())) {
    if (one === 'otlp' || one === 'console') exporters.push(one);
    else if (one !== 'none' && one !== '')
      faults.push(`OTEL_TRACES_EXPORTER=${one.slice(0, 64)} is not known here: it is otlp, console or none`);
  }
  const protocolName =
    of('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') === undefined
      ? 'OTEL_EXPORTER_OTLP_PROTOCOL'
      : 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL';
  const isCount = (value: number) => Number.isInteger(value) && value > 0;
  const batch = {
    scheduledDelayMillis: number('OTEL_BSP_SCHEDULE_DELAY', isCount),
    exportTimeoutMillis: number('OTEL_BSP_EXPORT_TIMEOUT', isCount),
    maxQueueSize: number('OTEL_BSP_MAX_QUEUE_SIZE', isCount),
    maxExportBatchSize: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', isCount),
  };
  const asked: TracingAsked = {
    exporters,
    protocol: oneOf(protocolName, of(protocolName), protocols, 'http/protobuf'),
    sampler: oneOf('OTEL_TRACES_SAMPLER', of('OTEL_TRACES_SAMPLER'), samplers, 'parentbased_always_on'),
    ratio: number('OTEL_TRACES_SAMPLER_ARG', (value) => value >= 0 && value <= 1) ?? 1,
    batch: Object.fromEntries(Object.entries(batch).filter(([, value]) => value !== undefined)),
    faults,
  };
  return exporters.length === 0 && faults.length === 0 ? undefined : asked;
};
