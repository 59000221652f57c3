// Where something stands in a text.

/** Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Offset in a text -> its place. */
export const makePlaceAt = (text: string): ((offset: number) => Place) => {
  const starts = [0];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => {
    let line = 0;
    for (let step = 1 << 30; step > 0; step >>= 1) {
      const start = starts[line + step];
      if (start !== undefined && start <= offset) line += step;
    }
    return {line: line + 1, column: Math.max(0, offset) - (starts[line] ?? 0) + 1};
  };
};
