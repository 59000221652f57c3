// postern entitlements load: a file becomes what Redis holds, all of it or nothing.

import {randomBytes} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {readFile, stat} from 'node:fs/promises';
import type {Grant} from '../../core/entitlement/entitlement.ts';
import {readingFault} from '../../core/words/fileFault.ts';
import {linesOf, makeLineReader} from '../../entitlements/lines.ts';
import {recordCall, recordKeys} from '../../entitlements/record.ts';
import {restoreRecord} from '../../entitlements/recordSwap.ts';
import {openLoad, type RecordLoad} from '../../entitlements/recordWrite.ts';
import {type Fault, faultOfLine, readText} from '../../entitlements/text.ts';
import {makeProgress} from '../progress.ts';
import type {CommandRedis} from '../redis.ts';
import {CommandError} from '../settings.ts';
import {withRecord} from './record.ts';

/** More would only scroll away. */
const mostFaults = 1_000;

interface Definitions {
  readonly features: ReadonlyMap<string, unknown>;
  readonly plans: ReadonlyMap<string, unknown>;
  readonly flags: ReadonlyMap<string, unknown>;
}
/** What would else be refused. */
export interface Allowed {
  /** A file that holds nothing. */
  readonly allowEmpty?: boolean;
  /** A file with less than half of the tenants that are there now. */
  readonly allowShrink?: boolean;
}

type Loaded = Definitions & {readonly grants: number; readonly tenants: number};

/**
 * Replaces everything that Redis holds, once the whole file is found good, and tells every instance. JSON lines are read
 * and written piece by piece; other files are read whole first. Errors: all of them, each with its place, and nothing
 * replaced.
 */
export const loadEntitlements = async (
  file: string,
  {config, ...allowed}: {readonly config: string} & Allowed,
): Promise<void> => {
  const size = await sizeOf(file);
  const began = performance.now();
  const progress = makeProgress(process.stderr, () => performance.now());
  let written = 0;
  const loaded = await withRecord(config, async (redis) => {
    await refuseEvicting(redis);
    const id = `${new Date().toISOString()}-${randomBytes(4).toString('hex')}`;
    const load = openLoad(redis, redis.prefix, id, (grants) => {
      written = grants;
    });
    const show = (done: number) => progress.show(done, `${written.toLocaleString('en')} grants`);
    try {
      return await (file.endsWith('.jsonl') ? streamed : whole)(file, size, load, show, allowed, (tenants) =>
        refuseShrinking(redis, file, tenants, allowed),
      );
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
type Accept = (tenants: number) => Promise<void>;

/** A Redis that evicts would lose what is beside the keys while it is written, and the record itself later. */
const refuseEvicting = async (redis: CommandRedis): Promise<void> => {
  const reply = await redis.call('INFO', 'memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(String(reply))?.[1];
  if (policy === undefined || policy === 'noeviction') return;
  throw new CommandError(
    `Redis has maxmemory-policy ${policy}: when its memory is full it would drop what tenants have bought. ` +
      'Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in its configuration), or give entitlements a Redis of their own. Nothing was loaded.',
  );
};

/** Fewer may be lost without a question. */
const fewTenants = 10;

/** A file that was cut at the end of a line is a good file of fewer tenants. */
const refuseShrinking = async (
  redis: CommandRedis,
  file: string,
  tenants: number,
  {allowShrink = false, allowEmpty = false}: Allowed,
): Promise<void> => {
  const before = Number(await recordCall(redis, 'HLEN', recordKeys(redis.prefix).grants));
  if (allowShrink || (tenants === 0 && allowEmpty) || before < fewTenants || tenants >= before / 2) return;
  throw new CommandError(
    `${file}: has grants of ${count(tenants, 'tenant')}, and Redis of ${before.toLocaleString('en')}: is the file whole? ` +
      'If it is, add --allow-shrink. Nothing was loaded: what Redis held before stays',
  );
};

const streamed = async (
  file: string,
  size: number,
  load: RecordLoad,
  show: Show,
  {allowEmpty = false}: Allowed,
  accept: Accept,
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
  return {...reader.head, ...(await load.commit(reader.head, reader.whole() ? undefined : accept))};
};

const whole = async (
  file: string,
  _size: number,
  load: RecordLoad,
  show: Show,
  {allowEmpty = false}: Allowed,
  accept: Accept,
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
  return {...head, ...(await load.commit(head, read.whole ? undefined : accept))};
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
    throw new CommandError(`${file}: ${readingFault(error)}`);
  }
  throw new CommandError(`${file}: is not a plain file: the command needs its size and its end`);
};

/** Takes back what the last load did; done twice, it is as before. */
export const restoreEntitlements = async ({config}: {readonly config: string}): Promise<void> => {
  const restored = await withRecord(config, (redis) => restoreRecord(redis, redis.prefix));
  if (!restored) {
    throw new CommandError('nothing is kept: what a load replaces is kept for an hour. Nothing was changed');
  }
  process.stdout.write('restored: what the last load had replaced; the same command again undoes it\n');
};

const countsOf = ({grants, tenants, features, plans, flags}: Loaded): string =>
  [
    `${count(grants, 'grant')} of ${count(tenants, 'tenant')}`,
    count(features.size, 'feature'),
    count(plans.size, 'plan'),
    count(flags.size, 'flag'),
  ].join(', ');

const count = (number: number, noun: string) => `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
