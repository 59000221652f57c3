// Work that is done once the answer is out, as far as nobody has to wait for it.

export interface AfterwardsParts<T> {
  /** Must not reject. */
  readonly run: (item: T) => Promise<void>;
  /** Whether requests already wait for this process: then there is no time for anything else. */
  readonly pressed: () => boolean;
  /** Told of each item that is not done. */
  readonly dropped: () => void;
  /** Runs something once all that is due now has been done. */
  readonly later?: (run: () => void) => void;
  /** Items that may wait; more are dropped. */
  readonly most?: number;
  /** Bytes that an item holds on to. */
  readonly bytesOf: (item: T) => number;
  /** Bytes of all that wait or are under way; more are dropped. Default: 16 MiB. */
  readonly mostBytes?: number;
}

export interface Afterwards<T> {
  /** Costs its caller the place in a list. */
  offer(item: T): void;
  /** What waits is forgotten, and nothing is taken any more. */
  close(): void;
}

const usualMost = 1_000;
const usualBytes = 16 * 1_048_576;
/** Begun in one turn of the event loop: some tens of microseconds each. */
const perTurn = 8;
/** Under way at once: each may wait for somebody else. */
const atOnce = 64;

export const makeAfterwards = <T>(parts: AfterwardsParts<T>): Afterwards<T> => {
  const {run, pressed, dropped, later = setImmediate, bytesOf} = parts;
  const {most = usualMost, mostBytes = usualBytes} = parts;
  let waiting: {readonly item: T; readonly bytes: number}[] = [];
  let held = 0;
  let underWay = 0;
  let isDue = false;
  let closed = false;

  const due = (): void => {
    if (isDue || closed || waiting.length === 0 || underWay >= atOnce) return;
    isDue = true;
    later(turn);
  };
  const turn = (): void => {
    isDue = false;
    const taken = waiting.splice(0, Math.min(perTurn, atOnce - underWay));
    for (const {item, bytes} of taken) {
      // It waited while others came.
      if (pressed()) {
        held -= bytes;
        dropped();
        continue;
      }
      underWay += 1;
      void run(item).finally(() => {
        underWay -= 1;
        held -= bytes;
        due();
      });
    }
    due();
  };

  return {
    offer(item) {
      if (closed) return;
      const bytes = bytesOf(item);
      if (waiting.length >= most || held + bytes > mostBytes) return dropped();
      held += bytes;
      waiting.push({item, bytes});
      due();
    },
    close() {
      closed = true;
      waiting = [];
    },
  };
};
