// The headers that tell the upstream who it is.

/** Header name (lower case) -> what of the principal it carries: a field of it, or `claims.<path>`. */
export type IdentityMapping = ReadonlyMap<string, string>;
