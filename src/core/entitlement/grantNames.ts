// Names by number, from 1: in many small maps, since one large one stops the world for tens of milliseconds as it grows.

export interface Names {
  /** The number of a name, which it is given if it has none. */
  number(name: string): number;
  /** Undefined: it has none. */
  find(name: string): number | undefined;
  /** How many there are: the highest number. */
  count(): number;
}

const shards = 256;
/** Characters of a name that are looked at, spread over it. */
const samples = 16;

const shardOf = (name: string): number => {
  const stride = (name.length >>> 4) + 1;
  // FNV-1a, from the end, where names of one kind differ most.
  let hash = 0x811c9dc5;
  for (let at = name.length - 1, left = samples; at >= 0 && left > 0; at -= stride, left--) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (shards - 1);
};

export const makeNames = (): Names => {
  const maps = Array.from({length: shards}, () => new Map<string, number>());
  let count = 0;
  const mapOf = (name: string) => maps[shardOf(name)] as Map<string, number>;
  return {
    number(name) {
      const map = mapOf(name);
      const known = map.get(name);
      if (known !== undefined) return known;
      count += 1;
      map.set(name, count);
      return count;
    },
    find: (name) => mapOf(name).get(name),
    count: () => count,
  };
};
