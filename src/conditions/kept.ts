// Keeps what is made of a text, since it costs much more than to look it up.

export interface MakeKept<Made> {
  (source: string): Made;
  /** Whether it need not be made. */
  has(source: string): boolean;
}

/** Throws what `make` throws. Forgets all when there are more than `most`. */
export const kept = <Made>(make: (source: string) => Made, most: number): MakeKept<Made> => {
  const known = new Map<string, Made>();
  const get = (source: string): Made => {
    const found = known.get(source);
    if (found !== undefined) return found;
    const made = make(source);
    if (known.size >= most) known.clear();
    known.set(source, made);
    return made;
  };
  return Object.assign(get, {has: (source: string) => known.has(source)});
};
