// What a test has started, and ends in the opposite order.

export interface Endings {
  /** Ended by its `stop` or `close`. */
  keep<T extends Endable>(one: T): T;
  /** Ends all that was kept, and forgets it. */
  end(): Promise<void>;
}

type Endable = {stop(): unknown} | {close(): unknown};

export const makeEndings = (): Endings => {
  const endings: (() => unknown)[] = [];
  return {
    keep(one) {
      endings.unshift(() => ('stop' in one ? one.stop() : one.close()));
      return one;
    },
    async end() {
      for (const end of endings.splice(0)) await end();
    },
  };
};
