// The decisions as they are made, for whoever watches: server-sent events (WHATWG HTML, section 9.2).
import type {AdminStream} from '../../admin/route.ts';
import type {RecentDecisions} from '../../observe/recent.ts';
import type {Remembered} from '../../observe/remembered.ts';

export interface StreamParts {
  readonly recent: Pick<RecentDecisions, 'listen'>;
  readonly shown: (one: Remembered) => string;
  /** Runs something again and again, until what it returns is called. */
  readonly every: (milliseconds: number, run: () => void) => () => void;
}

/** Milliseconds between two looks at what has come. */
const pace = 250;
/** Decisions of one look that are told; of the others how many there were. */
const mostAtOnce = 100;
/** Bytes that a slow reader may leave lying. */
const mostWaiting = 1_048_576;
/** Looks without anything to tell, after which a comment keeps the connection open: 15 s. */
const mostSilent = 60;

/** Tells each that fits: `event: decision`; and `event: missed` with a count of those that came too fast. */
export const streamDecisions = (
  out: AdminStream,
  fits: (one: Remembered) => boolean,
  {recent, shown, every}: StreamParts,
): void => {
  let pending: Remembered[] = [];
  let missed = 0;
  let silent = 0;
  const ends = [
    // On the way of a request: it is put aside, and no more.
    recent.listen((one) => {
      if (!fits(one)) return;
      if (pending.length < mostAtOnce) pending.push(one);
      else missed += 1;
    }),
    every(pace, () => {
      if (pending.length === 0 && missed === 0) {
        silent += 1;
        if (silent >= mostSilent) out.write(': nothing new\n\n');
        if (silent >= mostSilent) silent = 0;
        return;
      }
      silent = 0;
      if (out.waiting() > mostWaiting) {
        missed += pending.length;
        pending = [];
        return;
      }
      const told = pending.map((one) => `id: ${one.id}\nevent: decision\ndata: ${shown(one)}\n\n`);
      if (missed > 0) told.push(`event: missed\ndata: ${JSON.stringify({count: missed})}\n\n`);
      pending = [];
      missed = 0;
      out.write(told.join(''));
    }),
  ];
  out.closed(() => {
    for (const end of ends) end();
  });
};
