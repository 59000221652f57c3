// An answer that is none, in the words of OpenFeature (specification, section 1.7: error codes).

export interface Failure {
  readonly status: number;
  readonly code: 'PARSE_ERROR' | 'FLAG_NOT_FOUND' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL';
  /** What is wrong and what to do. Holds nothing of a credential. */
  readonly details: string;
}

export const failure = (status: number, code: Failure['code'], details: string): Failure => ({status, code, details});
