// Which known word a mistyped one was meant to be.

/** Changes (insert, delete, replace, swap of two neighbours) between two words: optimal string alignment distance. */
export const distance = (from: string, to: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({length: to.length + 1}, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      let best = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + cost);
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, at(beforeLast, column - 2) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
};

const at = (row: readonly number[], column: number): number => row[column] ?? 0;

/** The known word that is near enough to be what was meant: a third of its letters may differ, case is free. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  if (word.length > 64) return undefined;
  let found: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const longest = Math.max(word.length, candidate.length);
    const allowed = Math.max(1, Math.floor(longest / 3));
    // Each letter more is a change.
    if (Math.abs(word.length - candidate.length) > allowed) continue;
    const changes = distance(word.toLowerCase(), candidate.toLowerCase());
    if (changes > allowed || changes >= fewest || changes >= candidate.length) continue;
    found = candidate;
    fewest = changes;
  }
  return found;
};

/** `; did you mean "issuer"?`, or the list of what is known where nothing is near. */
export const suggestion = (word: string, known: readonly string[]): string => {
  const near = nearest(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length === 0 ? '' : `; known here: ${known.join(', ')}`;
};
