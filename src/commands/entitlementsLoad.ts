// postern entitlements load: a file becomes what Redis holds, all of it or nothing.
import {randomBytes} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {readFile, stat} from 'node:fs/promises';
import type {Grant} from '../core/entitlement.ts';
import {linesOf, makeLineReader} from '../entitlements/lines.ts';
import {openLoad, type RecordLoad} from '../entitlements/recordWrite.ts';
import {type Fault, faultOfLine, readText} from '../entitlements/text.ts';
import {makeProgress} from './progress.ts';
import {withRecord} from './record.ts';
import {CommandError} from './settings.ts';

/** More would only scroll away. */
const mostFaults = 1_000;

interface Definitions {
  readonly features: ReadonlyMap<string, unknown>;
  readonly plans: ReadonlyMap<string, unknown>;
  readonly flags: ReadonlyMap<string, unknown>;
}
type Loaded = Definitions & {readonly grants: number; readonly tenants: number};

/**
 * Replaces everything that Redis holds, once the whole file is found good, and tells every instance. JSON lines are read
 * and written piece by piece; other files are read whole first. Errors: all of them, each with its place, and nothing
 * replaced.
 */
export const loadEntitlements = async (
  file: string,
  {config, allowEmpty = false}: {readonly config: string; readonly allowEmpty?: boolean},
): Promise<void> => {
  const size = await sizeOf(file);
  const began = performance.now();
  const progress = makeProgress(process.stderr, () => performance.now());
  let written = 0;
  const loaded = await withRecord(config, async (redis) => {
    const id = `${new Date().toISOString()}-${randomBytes(4).toString('hex')}`;
    const load = openLoad(redis, redis.prefix, id, (grants) => {
      written = grants;
    });
    const show = (done: number) => progress.show(done, `${written.toLocaleString('en')} grants`);
    try {
      return await (file.endsWith('.jsonl') ? streamed : whole)(file, size, load, show, allowEmpty);
    } catch (error) {
      await load.abandon().catch(() => undefined);
      const {syscall, message} = error as NodeJS.ErrnoException;
      throw syscall === 'open' || syscall === 'read' ? new CommandError(`${file}: cannot be read: ${message}`) : error;
    } finally {
      progress.end();
    }
  });
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  process.stdout.write(`loaded: ${countsOf(loaded)}, in ${seconds} s\n`);
};

type Show = (done: number) => void;

const streamed = async (
  file: string,
  size: number,
  load: RecordLoad,
  show: Show,
  allowEmpty: boolean,
): Promise<Loaded> => {
  const reader = makeLineReader(mostFaults);
  const bytes = createReadStream(file, {highWaterMark: 262_144});
  for await (const lines of linesOf(bytes)) {
    for (const line of lines) {
      const grant = reader.take(line);
      // After the first fault nothing will be loaded: the rest is read for its faults.
      if (grant === undefined || reader.findings.length > 0) continue;
      const full = load.add(grant);
      if (full !== undefined) await full;
    }
    show(bytes.bytesRead / size);
  }
  reader.end();
  refuse(file, reader.findings.map(faultOfLine));
  if (!allowEmpty) refuseNothing(file, reader.head);
  return {...reader.head, ...(await load.commit(reader.head))};
};

const whole = async (
  file: string,
  _size: number,
  load: RecordLoad,
  show: Show,
  allowEmpty: boolean,
): Promise<Loaded> => {
  const read = await readText(file, await readFile(file), mostFaults);
  if ('faults' in read) return refuse(file, read.faults) as never;
  const {grants, ...head} = read.snapshot;
  if (!allowEmpty) refuseNothing(file, head);
  const list: readonly Grant[] = [...grants];
  for (const [at, grant] of list.entries()) {
    const full = load.add(grant);
    if (full === undefined) continue;
    await full;
    show(at / list.length);
  }
  return {...head, ...(await load.commit(head))};
};

const refuse = (file: string, faults: readonly Fault[]): void => {
  if (faults.length === 0) return;
  const told = faults.map(({line, column, message}) =>
    [file, ...(line === undefined ? [] : [line]), ...(column === undefined ? [] : [column])]
      .join(':')
      .concat(`: ${message}`),
  );
  const more = faults.length === mostFaults ? `\n(the first ${mostFaults} errors)` : '';
  throw new CommandError(`${told.join('\n')}${more}\nnothing was loaded: what Redis held before stays`);
};

/** An export that broke off at its beginning must not take everything from everyone. */
const refuseNothing = (file: string, {features, plans}: Definitions): void => {
  if (features.size > 0 || plans.size > 0) return;
  throw new CommandError(
    `${file}: holds no features and no plans, so nobody would have anything; if that is meant, add --allow-empty`,
  );
};

const sizeOf = async (file: string): Promise<number> => {
  try {
    const found = await stat(file);
    if (found.isFile()) return Math.max(1, found.size);
  } catch (error) {
    throw new CommandError(`${file}: cannot be read: ${(error as Error).message}`);
  }
  throw new CommandError(`${file}: is not a plain file: the command needs its size and its end`);
};

const countsOf = ({grants, tenants, features, plans, flags}: Loaded): string =>
  [
    `${count(grants, 'grant')} of ${count(tenants, 'tenant')}`,
    count(features.size, 'feature'),
    count(plans.size, 'plan'),
    count(flags.size, 'flag'),
  ].join(', ');

const count = (number: number, noun: string) => `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
