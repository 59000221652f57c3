// postern entitlements list, check, drop: what Redis holds, what that means to a question, and fetching it anew.
import {once} from 'node:events';
import type {Settings} from '../../config/schema.ts';
import type {Entitled, Grant, Snapshot} from '../../core/entitlement/entitlement.ts';
import {writtenTerms} from '../../entitlements/amounts.ts';
import {readHead, readSomeTenants, readTenants} from '../../entitlements/recordRead.ts';
import type {TenantGrants} from '../../entitlements/source.ts';
import {printable} from '../../observe/redact.ts';
import {sourceWords} from '../../vendors/index.ts';
import {clocks} from '../../wiring/clocks.ts';
import {type HeldAll, heldLines} from '../../wiring/explain/heldAnswer.ts';
import {adminCall} from '../adminCall.ts';
import {withFeed} from '../feed.ts';
import {CommandError, settingsOf} from '../settings.ts';
import {entitlementsIn} from '../test/entitlements.ts';
import {type Answer, type Asked, answerOf, heldOf, saidOf} from './entitlementsAnswer.ts';
import {needVersion, withRecord} from './record.ts';

export interface ListOptions {
  readonly config: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

/** `--json` without a tenant is JSON lines with everything, which `load` takes again. */
export const listEntitlements = async ({config, tenant, json = false}: ListOptions): Promise<void> => {
  // `postern entitlements list | head` is no error, and nobody waits for the rest.
  process.stdout.on('error', () => process.exit(0));
  const {settings} = await settingsOf(config);
  const source = settings.entitlements?.source;
  // With Redis it is what Redis holds, for whoever moves from the one to the other.
  if (source?.type === 'file' && settings.redis === undefined) {
    const {grants, ...head} = await entitlementsIn(source.path);
    const byTenant = Map.groupBy(grants, (grant) => grant.tenant);
    const found = tenant === undefined ? byTenant : [[tenant, byTenant.get(tenant) ?? []] as const];
    return printAll(
      head,
      [...found].map(([name, of]) => ({tenant: name, grants: of})),
      {tenant, json},
    );
  }
  if (source !== undefined && source.type !== 'redis' && source.type !== 'file' && settings.redis === undefined) {
    const one = notAskedOf(source) ?? 'postern entitlements check --tenant TENANT asks about one';
    throw new CommandError(`what ${source.type} keeps is listed there; ${one}`);
  }
  await withRecord(config, async (redis) => {
    await needVersion(redis);
    const head = await readHead(redis, redis.prefix);
    const found =
      tenant === undefined
        ? readTenants(redis, redis.prefix, head.plans, head.features)
        : await readSomeTenants(redis, redis.prefix, [tenant], head.plans, head.features);
    await printAll(head, found, {tenant, json});
  });
};

const printAll = async (
  head: Omit<Snapshot, 'grants'>,
  found: AsyncIterable<TenantGrants> | Iterable<TenantGrants>,
  {tenant, json}: {readonly tenant: string | undefined; readonly json: boolean},
): Promise<void> => {
  if (json && tenant === undefined) {
    for (const [feature, rest] of head.features) await print([JSON.stringify({feature, ...rest})]);
    for (const [plan, rest] of head.plans) await print([JSON.stringify({plan, ...rest})]);
    for (const [flag, rest] of head.flags) await print([JSON.stringify({flag, ...rest})]);
  }
  const now = Date.now();
  const seen = new Set<string>();
  let count = 0;
  for await (const {tenant: name, grants} of found) {
    // Redis may show a field twice while the hash grows.
    if (seen.has(name)) continue;
    seen.add(name);
    count += grants.length;
    await print(grants.map((grant) => (json ? lineOf(grant) : textOf(grant, now))));
  }
  if (count === 0) process.stderr.write(tenant === undefined ? 'no grants\n' : `no grants of the tenant ${tenant}\n`);
};

/** Waits while whoever reads is slow, so that a million lines need no memory. */
const print = async (lines: readonly string[]): Promise<void> => {
  if (lines.length === 0) return;
  if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain');
};

const lineOf = ({plan, tenant, user, expires, ...terms}: Grant): string =>
  JSON.stringify({
    grant: plan,
    tenant,
    ...(user !== null && {user}),
    ...(expires !== null && {expires: new Date(expires).toISOString()}),
    ...writtenTerms(terms),
  });

const textOf = ({plan, tenant, user, expires, ...terms}: Grant, now: number): string => {
  const whose =
    user === null
      ? `tenant=${JSON.stringify(tenant)}`
      : `tenant=${JSON.stringify(tenant)} user=${JSON.stringify(user)}`;
  const end = expires === null ? 'for ever' : `until ${new Date(expires).toISOString()}`;
  const over = expires === null || expires > now ? '' : now < expires + (terms.grace ?? 0) ? ' (in grace)' : ' (over)';
  const own = Object.entries(writtenTerms(terms)).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${whose} plan=${JSON.stringify(plan)} ${end}${over}${own.join('')}`;
};

export interface CheckOptions extends Asked {
  readonly config: string;
  readonly json?: boolean;
}

/**
 * Decided by the engine that decides requests: on what Redis or the file holds now, else by the running process, which has
 * what the source has told it.
 */
export const checkEntitlement = async ({config, json = false, ...asked}: CheckOptions): Promise<void> => {
  if (asked.feature !== undefined && asked.permission !== undefined) {
    throw new CommandError('ask for one thing: either --feature or --permission, or neither for all that is held');
  }
  const {settings} = await settingsOf(config);
  const told = await toldBy(settings, config, asked);
  process.stdout.write(json ? `${JSON.stringify(told.answer)}\n` : `${told.lines.join('\n')}\n`);
};

interface Told {
  readonly answer: Answer | HeldAll;
  readonly lines: readonly string[];
}

const isAboutAll = ({feature, permission}: Asked): boolean => feature === undefined && permission === undefined;

const told = (answer: Answer | HeldAll): Told =>
  'values' in answer
    ? {answer, lines: heldLines(answer)}
    : {answer, lines: [answer.sentence, ...answer.why.map((line) => `  ${line}`)].map(onOneLine)};

/** Names may hold what moves a terminal's cursor; and there may be hundreds of plans. */
const onOneLine = (line: string): string => printable(line, longestLine);
const longestLine = 4_096;

const toldBy = async (settings: Settings, config: string, asked: Asked): Promise<Told> => {
  const answered = async (snapshot: Parameters<typeof answerOf>[1]): Promise<Told> =>
    told(await (isAboutAll(asked) ? heldOf : answerOf)(asked, snapshot, Date.now()));
  const source = settings.entitlements?.source;
  if (source?.type === 'file') {
    const {grants, ...catalog} = await entitlementsIn(source.path);
    return answered({...catalog, grants: [...grants].filter(({tenant}) => tenant === asked.tenant)});
  }
  if (source === undefined || source.type === 'redis') {
    return withRecord(config, async (redis) => {
      await needVersion(redis);
      const head = await readHead(redis, redis.prefix);
      const [found] = await readSomeTenants(redis, redis.prefix, [asked.tenant], head.plans, head.features);
      return answered({...head, grants: found?.grants ?? []});
    });
  }
  const notAsked = notAskedOf(source);
  if (notAsked !== undefined) throw new CommandError(notAsked);
  return told(await askRunning(settings, asked));
};

type Elsewhere = Exclude<NonNullable<Settings['entitlements']>['source'], {readonly type: 'file' | 'redis'}>;

/** Why a source cannot be asked about a tenant, and what to do instead. */
const notAskedOf = (source: Elsewhere): string | undefined =>
  source.type === 'http' ? undefined : sourceWords(source).notAsked;

const askRunning = async (settings: Settings, asked: Asked): Promise<Answer | HeldAll> => {
  const given = Object.entries({...asked}).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const query = new URLSearchParams(given);
  const answer = await adminCall(settings.admin, 'GET', `/entitlements/check?${query}`);
  if (isAboutAll(asked)) return answer as HeldAll;
  return {
    ...saidOf(asked, answer as Entitled),
    why: [`by what the running process has from ${settings.entitlements?.source.type}`],
  };
};

/** Without `entitlements` here: as long as another configuration may keep what it has cached, milliseconds. */
const dropMatters = 3_600_000;

export interface DropOptions {
  readonly config: string;
  readonly tenant?: string;
  readonly subject?: string;
}

/** Through Redis where the configuration has it; else through the admin port of the one process. */
export const dropEntitlements = async ({config, tenant, subject}: DropOptions): Promise<void> => {
  const {settings} = await settingsOf(config);
  for (const [name, value] of Object.entries({tenant, subject})) {
    if (value !== undefined && (value === '' || value.length > 512)) {
      throw new CommandError(`--${name}: is not a text of 1 to 512 characters`);
    }
  }
  const drop = {...(tenant !== undefined && {tenant}), ...(subject !== undefined && {subject})};
  if (settings.redis === undefined) await adminCall(settings.admin, 'POST', '/entitlements/drop', drop);
  else {
    const matters = 2 * (settings.entitlements?.cache.stale ?? dropMatters);
    await withFeed(settings, ({writeDrop}) => writeDrop(clocks.newId(), drop, matters));
  }
  const whose = Object.entries(drop).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  process.stdout.write(`dropped, to be fetched anew: ${whose.join(' ') || 'all entitlements'}\n`);
};
