// So many at once, so many more in a queue; whoever comes on top of that is told so at once.

export interface Turns {
  /** Runs it when it has its turn; undefined: there is no place left. */
  take<T>(run: () => Promise<T>): Promise<T> | undefined;
}

export const makeTurns = (mostUnderWay: number, mostWaiting: number): Turns => {
  let underWay = 0;
  const waiting: (() => void)[] = [];

  const done = (): void => {
    const next = waiting.shift();
    if (next === undefined) underWay -= 1;
    else next();
  };
  const begin = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } finally {
      done();
    }
  };

  return {
    take(run) {
      if (underWay < mostUnderWay) {
        underWay += 1;
        return begin(run);
      }
      if (waiting.length >= mostWaiting) return undefined;
      return new Promise<void>((resolve) => void waiting.push(resolve)).then(() => begin(run));
    },
  };
};
