// What may stand in a header.

/** True for what every HTTP version and Envoy's `validate_mutations` take as a value: printable ASCII. */
export const isHeaderSafe = (value: string): boolean => /^[ -~]*$/.test(value);
