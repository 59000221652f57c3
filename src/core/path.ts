// The one canonical form of a path, or the finding that it has none.

/** Ambiguities that are opened on purpose. */
export type PathAllowance = 'semicolon' | 'encodedSlash' | 'emptySegment' | 'doubleEncoding';

export interface PathOptions {
  readonly caseSensitive: boolean;
  readonly allow: ReadonlySet<PathAllowance>;
}
