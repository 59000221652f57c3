// Which trace a request belongs to (W3C Trace Context), so that a decision can be found from it.

/** Where in a trace something happens. */
export interface SpanPosition {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** Somebody keeps the trace. */
  readonly sampled: boolean;
}

/**
 * What a `traceparent` header says; undefined if it is absent or not valid (W3C Trace Context, section 3.2.2: version ff and
 * ids of zeros are not).
 */
export const positionOf = (traceparent: string | undefined): SpanPosition | undefined => {
  if (traceparent === undefined || traceparent.length > 256) return undefined;
  const [, version, traceId, spanId, flags] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || traceId === undefined || spanId === undefined) return undefined;
  if (version === '00' && traceparent.length !== 55) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return {traceId, spanId, sampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1};
};

/** The trace id alone. */
export const traceIdOf = (traceparent: string | undefined): string | undefined => positionOf(traceparent)?.traceId;
