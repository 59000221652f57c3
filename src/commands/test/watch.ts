// postern test --watch: runs again whenever a file that it has read changes, until Ctrl-C.
import {stat} from 'node:fs/promises';

export interface WatchParts {
  /** Runs once; answers the files and folders that it has read, also where it could not be done. */
  readonly run: () => Promise<readonly string[]>;
  /** Those that every run reads, if it comes so far. */
  readonly fallback: readonly string[];
  readonly say: (text: string) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Turns true when it is to end. */
  readonly ended: () => boolean;
}

/** Milliseconds between two looks. Looked at by time and size: editors replace files, which a watch of the file misses. */
const pace = 250;

export const watch = async ({run, fallback, say, sleep, ended}: WatchParts): Promise<void> => {
  let files: readonly string[] = fallback;
  while (!ended()) {
    // Before it runs: what changes meanwhile is seen.
    const before = await marksOf(files);
    const read = await run();
    const known = new Set(files);
    const more = read.filter((file) => !known.has(file));
    files = [...new Set([...fallback, ...files, ...read])];
    let marks = new Map([...(await marksOf(more)), ...before]);
    say('waiting for a change; Ctrl-C ends it\n');
    for (;;) {
      if (ended()) return;
      const now = await marksOf(files);
      if (!isSame(marks, now)) {
        // An editor or a checkout writes several: when a look finds nothing new, they are all there.
        await sleep(pace);
        const settled = await marksOf(files);
        if (isSame(now, settled)) break;
        marks = now;
      }
      await sleep(pace);
    }
  }
};

const marksOf = async (files: readonly string[]): Promise<Map<string, string>> =>
  new Map(
    await Promise.all(
      files.map(async (file): Promise<[string, string]> => {
        const found = await stat(file).catch(() => undefined);
        return [file, found === undefined ? 'absent' : `${found.mtimeMs} ${found.size} ${found.ino}`];
      }),
    ),
  );

const isSame = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([file, mark]) => b.get(file) === mark);
