// Which trace a request belongs to (W3C Trace Context), so that a decision can be found from it.

/**
 * The trace id of a `traceparent` header: 32 lower-case hexadecimal digits; undefined if the header is absent or not
 * valid (W3C Trace Context, section 3.2.2: version ff and an id of zeros are not).
 */
export const traceIdOf = (traceparent: string | undefined): string | undefined => {
  if (traceparent === undefined || traceparent.length > 256) return undefined;
  const [, version, trace, parent] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:$|-)/.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || trace === undefined || parent === undefined) return undefined;
  if (version === '00' && traceparent.length !== 55) return undefined;
  return /^0+$/.test(trace) || /^0+$/.test(parent) ? undefined : trace;
};
