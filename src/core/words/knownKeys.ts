// What a schema knows, for whoever has written something else.

interface SchemaDefinition {
  readonly shape?: object;
  readonly entries?: object;
  readonly keyType?: {readonly _zod?: {readonly def?: SchemaDefinition}};
}

/** Keys that an object schema knows: what stands behind an unknown-key issue. */
export const knownKeys = (schema: unknown): readonly string[] => {
  const {shape, keyType} = (schema as {_zod?: {def?: SchemaDefinition}} | undefined)?._zod?.def ?? {};
  if (shape !== undefined) return Object.keys(shape);
  // Of a record: the words that its keys may be.
  return Object.keys(keyType?._zod?.def?.entries ?? {});
};
