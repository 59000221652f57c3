// Old faults, put into a copy of the program one by one: the history of each must show it. Each is one that this program
// has had, or could have got, written on the code of today; a text that is not found any more is an error, not a pass.
import {cpSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {temporaryFolder} from '../support/ports.ts';
import {isGood, reportOf} from './report.ts';
import {scheduleOf} from './schedule.ts';
import {startWorld} from './world.ts';

interface Fault {
  readonly name: string;
  readonly edits: readonly (readonly [file: string, find: string, replace: string])[];
}

/** A fault must be found within so many schedules. */
const most = 60;
/** What is forgotten every minute is forgotten every second, so that it need not be waited for. */
const pruneOften = ['src/wiring/feed.ts', 'const pruneInterval = 60_000;', 'const pruneInterval = 1_000;'] as const;

export const faults: readonly Fault[] = [
  {
    name: 'what Redis has lost is given back once',
    edits: [
      ['src/store/follow.ts', '  let took = 0;', '  let took = 0;\n  let gaveBack = false;'],
      [
        'src/store/follow.ts',
        '    for (const _ of set.endRound(redisNow() ?? there.time)) await pause();',
        '    if (!gaveBack) for (const _ of set.endRound(redisNow() ?? there.time));\n    gaveBack ||= set.unseen > 0;',
      ],
    ],
  },
  {
    name: 'whoever gives back takes a lock, and never lets go of it',
    edits: [
      [
        'src/store/announce.ts',
        '          await write(owes ? set.missing(batch, random()) : []);',
        "          if (!owes || locked.has('mine')) await write(owes ? set.missing(batch, random()) : []);",
      ],
      [
        'src/store/announce.ts',
        '  let tried = steady();',
        "  let tried = steady();\n  const locked = new Set<string>(random() < 0.3 ? ['mine'] : []);",
      ],
    ],
  },
  {
    name: 'who keeps for less forgets what others keep',
    edits: [pruneOften, ['src/store/feed.ts', 'set.sweep(until)', 'set.sweep(until + 86_400_000 - settings.keep)']],
  },
  {
    name: 'another Redis is recognised by the id of its last change alone',
    edits: [
      ['src/store/follow.ts', 'if (change.before === at.mark) await pass(change, at);', 'await pass(change, at);'],
      ['src/store/follow.ts', '      else if (!passed.has(change.after)) linked = false;\n', ''],
      [
        'src/store/follow.ts',
        '    if (there.mark !== at.mark) {',
        '    if (there.lastChange >= at.at) return true;\n    if (there.mark !== at.mark) {',
      ],
    ],
  },
  {
    name: 'decides before it has read who is revoked',
    edits: [['src/store/standing.ts', '    return !hasGivenUp;', '    return false;']],
  },
  {
    name: 'a session is revoked up to a moment, and its refreshed tokens are not',
    edits: [
      [
        'src/core/revocation/revocationRecords.ts',
        'if (issuedAt === undefined || !(issuedAt >= before)) return true;',
        'return issuedAt === undefined || !(issuedAt >= untilNow(ats.get(record)) + tolerance);',
      ],
    ],
  },
  {
    name: 'who signed in before is let in by a token of after',
    edits: [
      [
        'src/core/revocation/revocationRecords.ts',
        'return (mask & one) === 0 && authTime !== undefined && !(authTime >= before);',
        'return false;',
      ],
    ],
  },
  {
    name: 'what has ended is forgotten by the wall clock',
    edits: [
      pruneOften,
      [
        'src/store/feed.ts',
        'Math.min(moment.earliest(), follower?.redisNow() ?? Number.POSITIVE_INFINITY)',
        'parts.now()',
      ],
    ],
  },
  {
    name: 'nobody looks whether something was missed',
    edits: [
      ['src/store/follow.ts', 'const compareEvery = 10_000;', 'const compareEvery = 1e12;'],
      ['src/store/follow.ts', "if (!(await isInStep(at))) return 'differs';", ''],
    ],
  },
  {
    name: 'a removal is not given back with what it removes',
    edits: [
      [
        'src/core/revocation/revocationSet.ts',
        'if (!records.isFree(record) && records.seenAt(record) === 0) found',
        'if (!records.isFree(record) && records.seenAt(record) === 0 && !isRemoval(record)) found',
      ],
    ],
  },
  {
    name: 'what could not be announced is forgotten, and nobody compares',
    edits: [
      [
        'src/store/announce.ts',
        '        return false;\n',
        '        set.markSeen([element.id]);\n        return false;\n',
      ],
      ['src/store/follow.ts', 'const compareEvery = 10_000;', 'const compareEvery = 1e12;'],
    ],
  },
  {
    name: 'what could not be announced is said to be',
    edits: [['src/store/announce.ts', '        return false;\n', '        return true;\n']],
  },
  {
    name: 'the moment is that of the clock of whoever is told',
    edits: [
      [
        'src/store/feed.ts',
        'return Math.floor(ours > theirs && ours - theirs < farApart ? ours : theirs);',
        'return Math.floor(parts.now());',
      ],
    ],
  },
];

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The files that a fault changes, changed. Throws where a text to replace does not stand exactly once. */
export const changedBy = ({name, edits}: Fault, tree: string = root): ReadonlyMap<string, string> => {
  const files = new Map<string, string>();
  for (const [file, find, replace] of edits) {
    const text = files.get(file) ?? readFileSync(join(tree, file), 'utf8');
    if (text.split(find).length !== 2) throw new Error(`"${name}": ${file} does not hold this text once:\n${find}`);
    files.set(
      file,
      text.replace(find, () => replace),
    );
  }
  return files;
};

/** A copy of the tree with the fault in it; answers its main.ts. */
const copyWith = (fault: Fault, tree: string): string => {
  const copy = temporaryFolder();
  for (const part of ['src', 'protos', 'package.json']) cpSync(join(tree, part), join(copy, part), {recursive: true});
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, text] of changedBy(fault, tree)) writeFileSync(join(copy, file), text);
  return join(copy, 'src/main.ts');
};

/** Whether it is found; says by what. */
const isFound = async (fault: Fault, program: string, first: number): Promise<boolean> => {
  const world = await startWorld(program);
  try {
    for (let seed = first; seed < first + most; seed++) {
      const run = await world.run(scheduleOf(seed));
      if (isGood(run)) continue;
      const [, kind, decision] = reportOf(run, '').split('\n');
      console.log(`found: ${fault.name}, by schedule ${seed - first + 1} (seed ${seed})\n  ${kind}\n  ${decision}`);
      return true;
    }
    console.log(`NOT FOUND within ${most} schedules: ${fault.name}`);
    return false;
  } finally {
    await world.stop();
  }
};

/** Runs them (`only`: those whose name holds this text), so many worlds at a time; true if each was found. */
export const runSeeded = async (
  first: number,
  {only = '', worlds, tree = root}: {only?: string | undefined; worlds: number; tree?: string | undefined},
): Promise<boolean> => {
  const chosen = faults
    .filter(({name}) => name.includes(only))
    .map((fault) => ({fault, program: copyWith(fault, tree)}));
  const waiting = [...chosen];
  let found = 0;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (await isFound(next.fault, next.program, first)) found += 1;
    }
  };
  await Promise.all(Array.from({length: worlds}, work));
  console.log(`${found} of ${chosen.length} seeded faults found`);
  return chosen.length > 0 && found === chosen.length;
};
