// Keeps what is made of a text, since it costs much more than to look it up.

/** Throws what `make` throws. Forgets all when there are more than `most`. */
export const kept = <Made>(make: (source: string) => Made, most: number): ((source: string) => Made) => {
  const known = new Map<string, Made>();
  return (source) => {
    const found = known.get(source);
    if (found !== undefined) return found;
    const made = make(source);
    if (known.size >= most) known.clear();
    known.set(source, made);
    return made;
  };
};
