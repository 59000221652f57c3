// A progress bar on a terminal; nothing where standard error is a file or a pipe.

export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** `done` of 1; `text` stands beside the bar. */
  show(done: number, text: string): void;
  /** Wipes it. */
  end(): void;
}

const pause = 100;
const eraseLine = '\r\x1b[K';

/** `steady`: milliseconds of a clock that never goes back. Draws at most ten times a second. */
export const makeProgress = (screen: Screen, steady: () => number): Progress => {
  let last = Number.NEGATIVE_INFINITY;
  if (screen.isTTY !== true) return {show: () => {}, end: () => {}};
  return {
    show(done, text) {
      if (steady() - last < pause) return;
      last = steady();
      const share = Math.max(0, Math.min(1, done));
      const width = Math.max(10, Math.min(40, (screen.columns ?? 80) - text.length - 10));
      const filled = Math.round(share * width);
      const percent = `${Math.round(share * 100)}`.padStart(3);
      screen.write(`${eraseLine}[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${percent} % ${text}`);
    },
    end: () => void screen.write(eraseLine),
  };
};
