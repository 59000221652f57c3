// One fetch at a time: once more if somebody asked meanwhile, and by itself after a pause, a longer one after each failure.

/** `anew`: whatever anybody has fetched before. */
export type How = 'again' | 'anew';

export interface RefreshingParts {
  /** One fetch. Answers whether it succeeded; never rejects. */
  readonly attempt: (how: How) => Promise<boolean>;
  /** Milliseconds for which what was fetched is fresh. */
  readonly fresh: number;
  readonly random: () => number;
}

export interface Refreshing {
  /** Resolves when what was asked for has been tried. Never rejects. */
  refresh(how?: How): Promise<void>;
  isRunning(): boolean;
  /** Nothing is fetched any more. */
  end(): void;
}

/** Milliseconds before the first repetition. */
export const firstRetry = 500;

export const makeRefreshing = ({attempt, fresh, random}: RefreshingParts): Refreshing => {
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let wanted: How | undefined;
  let ended = false;

  const schedule = () => {
    clearTimeout(timer);
    if (ended) return;
    const pause = failures === 0 ? fresh : Math.min(fresh, firstRetry * 2 ** Math.min(failures - 1, 10));
    // Instances that were started together must not fetch together for ever.
    timer = setTimeout(() => void refresh('again'), pause * (0.8 + random() / 5)).unref();
  };
  const fetchAll = async (): Promise<void> => {
    while (wanted !== undefined && !ended) {
      const how = wanted;
      wanted = undefined;
      failures = (await attempt(how)) ? 0 : failures + 1;
    }
  };
  const refresh = (how: How): Promise<void> => {
    // Asked while a fetch is under way, which may have begun before the change: once more afterwards.
    wanted = wanted === 'anew' ? 'anew' : how;
    running ??= fetchAll()
      .finally(() => {
        running = undefined;
        schedule();
      })
      .then(() => (wanted === undefined || ended ? undefined : refresh(wanted)));
    return running;
  };

  return {
    refresh: (how = 'again') => refresh(how),
    isRunning: () => running !== undefined,
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
};
