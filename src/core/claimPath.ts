// Where a claim is: by its name, which may hold dots itself, or by the dots of a path through objects.
import {isObject} from './isObject.ts';

/**
 * The claim of this name; undefined where there is none. The name is looked for as it stands (Auth0 names claims by URLs)
 * before its dots walk into objects, at each step by the longest key that leads anywhere (`kubernetes.io.namespace`).
 * Own properties only; lists have no keys here: `roles.0` would make the order of a list mean something.
 */
export const claimNamed = (claims: Readonly<Record<string, unknown>>, name: string): unknown => {
  if (Object.hasOwn(claims, name)) return claims[name];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const key = name.slice(0, dot);
    const branch = Object.hasOwn(claims, key) ? claims[key] : undefined;
    const found = isObject(branch) ? claimNamed(branch, name.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The claim that these keys lead to, each taken as it stands. */
export const claimByKeys = (claims: Readonly<Record<string, unknown>>, keys: readonly string[]): unknown => {
  let value: unknown = claims;
  for (const key of keys) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
};
