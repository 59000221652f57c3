// Claims as the library takes them: whatever a token may hold, looked into where it lies. The library would copy an object
// each time that it is asked for a member, takes one for unknown that has a member `constructor`, and null for absent.
import type {CelList, CelMap, ClaimParts} from './library.ts';

type Wrap = (value: unknown) => unknown;

/** Makes values of JSON into those of conditions, each once. */
export const makeClaims = ({celList, celMap}: ClaimParts): Wrap => {
  const known = new WeakMap<object, CelList | CelMap>();
  const wrap: Wrap = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const found = known.get(value);
    if (found !== undefined) return found;
    const made = Array.isArray(value) ? celList(value.map(wrap) as never) : mapOf(value as Record<string, unknown>);
    known.set(value, made);
    return made;
  };

  const mapOf = (object: Readonly<Record<string, unknown>>): CelMap => {
    const get = (key: unknown): unknown =>
      typeof key === 'string' && Object.hasOwn(object, key) ? wrap(object[key]) : undefined;
    let names: readonly string[] | undefined;
    const keys = () => {
      names ??= Object.keys(object);
      return names;
    };
    function* entries() {
      for (const name of keys()) yield [name, get(name)];
    }
    const members = {
      get,
      has: (key: unknown) => get(key) !== undefined,
      keys: () => keys()[Symbol.iterator](),
      entries,
      [Symbol.iterator]: entries,
    };
    // One of the library's, for it asks for its brand.
    const map = Object.assign(celMap(new Map()), members);
    Object.defineProperty(map, 'size', {get: () => keys().length});
    return map as CelMap;
  };
  return wrap;
};
