// postern revoke, postern revocations: who is refused from now on, and taking that back, told to every instance.

import type {Settings} from '../config/schema.ts';
import type {Revocation, RevocationElement} from '../core/revocation/revocation.ts';
import {namesOne, untilNow} from '../core/revocation/revocation.ts';
import {type Attribution, type RevocationOrder, removalOf, revocationOf} from '../core/revocation/revocationOrder.ts';
import {suggestion} from '../core/words/nearest.ts';
import {named} from '../store/revocationForm.ts';
import {clocks} from '../wiring/clocks.ts';
import {adminCall} from './adminCall.ts';
import {type CommandFeed, withFeed} from './feed.ts';
import {CommandError, settingsOf} from './settings.ts';

interface Said extends Attribution {
  readonly config: string;
  /** False: done as soon as Redis has it. */
  readonly wait?: boolean;
}

export interface RevokeOptions extends Said {
  readonly subject?: string;
  readonly tenant?: string;
  readonly session?: string;
  readonly tokenId?: string;
  readonly provider?: string;
  readonly before?: string;
}

/** Milliseconds to wait until an instance says that it has read it. */
const patience = 5_000;
/** Clocks that differ by more are told of, milliseconds. */
const skew = 5_000;

/** Through Redis where the configuration has it; else through the admin port of the one process. */
export const revoke = async ({config, wait, session: sessionId, ...given}: RevokeOptions): Promise<void> => {
  const {settings} = await settingsOf(config);
  const order: RevocationOrder = {...given, sessionId};
  // Redis gives the moment; what is wrong with the order is wrong at any, and told before anything is asked.
  const checked = revocationOf(order, {now: Date.now() + farAhead, keep: settings.revocation.keep, salt: '-'});
  if ('fault' in checked) throw new CommandError(`the revocation ${checked.fault}`);
  // A misspelt one would refuse nobody, and say that all is well.
  const {provider} = checked.revocation;
  const known = settings.providers.map(({name}) => name);
  if (provider !== undefined && !known.includes(provider)) {
    throw new CommandError(`--provider: there is no provider "${provider}"${suggestion(provider, known)}`);
  }
  if (settings.redis === undefined) {
    const answer = await adminCall(settings.admin, 'POST', '/revocations', order);
    say(`revoked: ${textOf((answer as {revocation: Revocation}).revocation)}`);
    return onlyHere();
  }
  await withFeed(settings, async (feed) => {
    const made = revocationOf(order, await making(feed, settings));
    if ('fault' in made) throw new CommandError(`the revocation ${made.fault}`);
    const revocation = named(made.revocation);
    await announce(feed, revocation, wait);
    say(`revoked: ${textOf(revocation)}`);
  });
};

/** Takes one revocation back. */
export const unrevoke = async (id: string, {config, wait, reason, by}: Said): Promise<void> => {
  const {settings} = await settingsOf(config);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new CommandError('that is no id of a revocation');
  const unknown = `there is no revocation ${id}: postern revocations lists them`;
  if (settings.redis === undefined) {
    await adminCall(settings.admin, 'DELETE', `/revocations/${id}`, {reason, by}).catch((error: Error) => {
      throw error.message.includes('answered 404') ? new CommandError(unknown) : error;
    });
    say(`taken back: ${id}`);
    return onlyHere();
  }
  await withFeed(settings, async (feed) => {
    const set = await feed.readAll();
    const known = set.removalOf(id);
    const revocation = set.find(id);
    if (revocation === undefined && known === undefined) throw new CommandError(unknown);
    if (revocation !== undefined) {
      const made = removalOf(revocation, {reason, by}, await making(feed, settings));
      if ('fault' in made) throw new CommandError(`the removal ${made.fault}`);
      await announce(feed, named(made.removal), wait);
    }
    say(`taken back: ${id}`);
  });
};

export const revocations = async ({config}: {config: string}): Promise<void> => {
  const {settings} = await settingsOf(config);
  const found =
    settings.redis === undefined
      ? await listed(settings)
      : await withFeed(settings, async ({readAll}) => (await readAll()).list() ?? []);
  for (const revocation of found) say(`${revocation.id} ${textOf(revocation)}`);
  if (found.length === 0) process.stderr.write('no revocations are in force\n');
  if (settings.redis === undefined) onlyHere();
};

const listed = async ({admin}: Settings): Promise<readonly Revocation[]> => {
  const found: Revocation[] = [];
  for (let after: string | undefined; ; ) {
    const path = `/revocations?limit=1000${after === undefined ? '' : `&after=${after}`}`;
    const page = (await adminCall(admin, 'GET', path)) as {revocations: readonly Revocation[]; next?: string};
    found.push(...page.revocations);
    after = page.next;
    if (after === undefined) return found;
  }
};

const farAhead = 3_600_000;

/** The moment by the clock of Redis, which all instances share; that of this machine may be anything. */
const making = async (feed: CommandFeed, {revocation: {keep}}: Settings) => {
  const {time} = await feed.look();
  const apart = Date.now() - time;
  if (Math.abs(apart) > skew) {
    const how = apart > 0 ? 'ahead of' : 'behind';
    process.stderr.write(
      `the clock of this machine is ${Math.round(Math.abs(apart) / 1_000)} s ${how} that of Redis, which counts\n`,
    );
  }
  return {now: time, keep, salt: clocks.newId().slice(0, 8)};
};

/** Written to Redis, and read by an instance: what one of them knows outlives Redis. */
const announce = async (feed: CommandFeed, element: RevocationElement, wait = true): Promise<void> => {
  const {mark} = await feed.write([element], true);
  for (const end = clocks.steady() + patience; wait && clocks.steady() < end; await clocks.sleep(20)) {
    if ((await feed.heard(mark)) > 0) return;
  }
  if (!wait) return;
  process.stderr.write(
    'it is in Redis, but no running instance has said within 5 s that it has read it: it counts as soon as one has, ' +
      'and until then it is lost if Redis loses what it holds (--no-wait: do not wait)\n',
  );
  process.exitCode = 2;
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const onlyHere = (): void => void process.stderr.write('without `redis`: this instance only\n');

const textOf = (revocation: Revocation): string => {
  const {at, before, expires, id: _, salt: __, reason, by, ...selectors} = revocation;
  const whom = Object.entries(selectors).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const moment = before ?? (namesOne(revocation) ? undefined : untilNow(at));
  const age = moment === undefined ? ', whatever its age' : ` issued before ${iso(moment * 1_000)}`;
  const who = by === undefined ? '' : ` by ${JSON.stringify(by)}`;
  const why = reason === undefined ? '' : `: ${JSON.stringify(reason)}`;
  return `${whom.join(' ')}${age}, kept until ${iso(expires)}, made ${iso(at)}${who}${why}`;
};

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
