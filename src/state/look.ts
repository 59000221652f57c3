// What stands in a state directory, for whoever looks at it from outside: whether it can be written to, what is in it.
import {stat, unlink} from 'node:fs/promises';
import {join} from 'node:path';
import {codeOf} from '../core/words/fileFault.ts';
import {ageOf} from './age.ts';
import {filesIn, putFile, readLines, writingFault} from './files.ts';
import {makeReader} from './form.ts';
import {type StateParts, seconds} from './kept.ts';

export interface StateLook {
  /** Why nothing can be written there; undefined: it can, or the folder is not there yet. */
  readonly fault: string | undefined;
  readonly isThere: boolean;
  /** A sentence for each file that can be read, and for each that cannot. */
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

/** Leaves nothing there. Never rejects. */
export const lookAtState = async (
  {
    dir,
    maxBytes,
    seal,
    owner,
    clocks,
    newId,
  }: Pick<StateParts, 'dir' | 'maxBytes' | 'seal' | 'owner' | 'clocks' | 'newId'>,
  isJournal: (file: string) => boolean,
): Promise<StateLook> => {
  const there = await stat(dir).catch((error: unknown) => codeOf(error));
  if (there === 'ENOENT') return {fault: undefined, isThere: false, good: [], bad: []};
  const [good, bad]: [string[], string[]] = [[], []];
  for (const {name: file} of await filesIn(dir, /^[^.].*\.postern$/)) {
    const isEach = isJournal(file);
    const reader = makeReader({seal, name: undefined}, undefined, isEach);
    const found = await readLines(join(dir, file), reader, {maxBytes, owner});
    const why = found === undefined ? undefined : 'fault' in found ? found.fault : reader.fault();
    if (why !== undefined || reader.head === undefined) {
      bad.push(`${file} would be ignored: ${why}`);
      continue;
    }
    const age = ageOf(reader.head, clocks);
    const old = isEach
      ? `${reader.texts.length} lines`
      : age === undefined
        ? 'of a moment to come'
        : `${seconds(age)} old`;
    good.push(`${file}: ${old}, for ${reader.head.identity}`);
  }
  const temporary = join(dir, `.doctor.${newId()}.tmp`);
  const fault = await putFile(`${temporary}2`, temporary, ['postern doctor was here\n'], maxBytes)
    .then(({handle}) => handle.close())
    .then(() => unlink(`${temporary}2`))
    .then(
      () => undefined,
      (error: unknown) => writingFault(error),
    );
  return {fault, isThere: true, good, bad};
};
