// postern entitlements grant, ungrant: gives a plan to a tenant or takes it back, where Postern's own source holds it.
import {readFile} from 'node:fs/promises';
import type {Grant, Plan} from '../../core/entitlement/entitlement.ts';
import {suggestion} from '../../core/words/nearest.ts';
import {type Edited, type GrantName, withGrant, withoutGrant} from '../../entitlements/fileGrants.ts';
import {readHead, readTenant} from '../../entitlements/recordRead.ts';
import {changeTenant} from '../../entitlements/recordWrite.ts';
import {readText} from '../../entitlements/text.ts';
import {sourceWords} from '../../vendors/index.ts';
import {rewriteFile} from '../rewriteFile.ts';
import {CommandError, settingsOf} from '../settings.ts';
import {needVersion, withRecord} from './record.ts';

export interface GrantOptions {
  readonly config: string;
  readonly tenant: string;
  readonly plan: string;
  readonly user?: string;
  /** Of `grant`: a date, or a time with its zone. Absent: for ever. */
  readonly expires?: string;
}

/** Gives the plan, or gives the grant that is there another end. Throws CommandError if it cannot be done. */
export const grantPlan = async (options: GrantOptions): Promise<void> => {
  const expires = options.expires === undefined ? null : endOf(options.expires);
  const was = await change(options, {
    file: (name, text, grant) => withGrant(name, text, grant, options.expires),
    record: (grants, grant) => {
      const known = grants.find((one) => isNamed(one, grant));
      const given: Grant = {...known, ...grant, user: grant.user ?? null, expires};
      return known === undefined ? [...grants, given] : grants.map((one) => (one === known ? given : one));
    },
    needsPlan: true,
  });
  const end = options.expires === undefined ? 'for ever' : `until ${options.expires}`;
  const before = was === undefined ? '' : ` (was: ${was})`;
  process.stdout.write(`granted: plan=${JSON.stringify(options.plan)} ${whoseOf(options)} ${end}${before}\n`);
};

/** Takes the plan back. Throws CommandError if there is no such grant, naming those that there are. */
export const ungrantPlan = async (options: GrantOptions): Promise<void> => {
  await change(options, {
    file: withoutGrant,
    record: (grants, grant) => {
      const kept = grants.filter((one) => !isNamed(one, grant));
      return kept.length === grants.length ? undefined : kept;
    },
    needsPlan: false,
  });
  process.stdout.write(`taken back: plan=${JSON.stringify(options.plan)} ${whoseOf(options)}\n`);
};

interface Change {
  readonly file: (name: string, text: string, grant: GrantName) => Edited;
  /** Undefined: there is nothing to change. */
  readonly record: (grants: readonly Grant[], grant: GrantName) => readonly Grant[] | undefined;
  /** The plan must be one that there is: to take back, it need not be there any more. */
  readonly needsPlan: boolean;
}

/** Answers until when the grant was good before, if there was one. */
const change = async (options: GrantOptions, how: Change): Promise<string | undefined> => {
  for (const name of ['tenant', 'plan', 'user'] as const) {
    const value = options[name];
    if (value !== undefined && (value === '' || value.length > 256)) {
      throw new CommandError(`--${name}: is not a text of 1 to 256 characters`);
    }
  }
  const {tenant, plan, user} = options;
  const grant: GrantName = {plan, tenant, ...(user !== undefined && {user})};
  const {settings} = await settingsOf(options.config);
  const source = settings.entitlements?.source;
  if (source?.type === 'file') return inFile(source.path, grant, how);
  if (source === undefined && settings.redis === undefined) {
    throw new CommandError(
      'the setting entitlements.source is missing: name a file, or Redis, in which grants can be written',
    );
  }
  if (source === undefined || source.type === 'redis') return inRecord(options.config, grant, how);
  // It is not Postern's to give.
  const given =
    source.type === 'http'
      ? `the service at ${source.url} keeps who has which plan: change it there`
      : sourceWords(source).given;
  throw new CommandError(
    `${given}; it counts here within cache.fresh, or at once after postern entitlements drop --tenant TENANT`,
  );
};

const inFile = async (path: string, grant: GrantName, how: Change): Promise<string | undefined> => {
  let was: string | undefined;
  const fault = await rewriteFile(path, async (text) => {
    if (text === undefined) return {fault: 'is not there; postern init writes one to begin with'};
    const before = await readText(path, Buffer.from(text));
    if ('faults' in before) return {fault: `is broken, mend it first: ${faultsOf(before.faults)}`};
    const {plans, grants} = before.snapshot;
    if (how.needsPlan) needPlan(grant.plan, plans);
    const changed = how.file(path, text, grant);
    if ('fault' in changed) {
      const has = [...grants].filter(({tenant}) => tenant === grant.tenant);
      return {
        fault: changed.fault === 'there is no such grant' ? `${changed.fault}: ${hasText(grant, has)}` : changed.fault,
      };
    }
    const after = await readText(path, Buffer.from(changed.text));
    if ('faults' in after) return {fault: `would be broken by it, and stays as it is: ${faultsOf(after.faults)}`};
    was = changed.was;
    return {text: changed.text};
  });
  if (fault !== undefined) throw new CommandError(`${path}: ${fault}${await remedy(path)}`);
  return was;
};

/** A file that is mounted into a container is not to be written there. */
const remedy = async (path: string): Promise<string> => {
  const isMounted = await readFile(path.replace(/[^/]+$/, '..data/'), 'utf8').then(
    () => false,
    ({code}: NodeJS.ErrnoException) => code === 'EISDIR',
  );
  return isMounted ? '; it is of a ConfigMap or a Secret: change it where that comes from (docs/day2.md)' : '';
};

const faultsOf = (faults: readonly {readonly line?: number; readonly message: string}[]): string =>
  faults.map(({line, message}) => (line === undefined ? message : `line ${line}: ${message}`)).join('; ');

const attempts = 5;

const inRecord = (config: string, grant: GrantName, how: Change): Promise<string | undefined> =>
  withRecord(config, async (redis) => {
    await needVersion(redis);
    const head = await readHead(redis, redis.prefix);
    if (how.needsPlan) needPlan(grant.plan, head.plans);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const {grants, field} = await readTenant(redis, redis.prefix, grant.tenant, head);
      const next = how.record(grants, grant);
      if (next === undefined) throw new CommandError(`there is no such grant: ${hasText(grant, grants)}`);
      const known = grants.find((one) => isNamed(one, grant));
      if (await changeTenant(redis, redis.prefix, grant.tenant, field, next)) {
        return known === undefined ? undefined : endText(known);
      }
    }
    throw new CommandError(`others keep changing what the tenant ${grant.tenant} has: try again`);
  });

const isNamed = (one: Grant, {plan, tenant, user}: GrantName): boolean =>
  one.plan === plan && one.tenant === tenant && one.user === (user ?? null);

const needPlan = (plan: string, plans: ReadonlyMap<string, Plan>): void => {
  const names = [...plans.keys()];
  if (names.includes(plan)) return;
  throw new CommandError(`there is no plan "${plan}"${suggestion(plan, names)}`);
};

const endText = ({expires}: Grant): string =>
  expires === null ? 'for ever' : `until ${Number.isFinite(expires) ? new Date(expires).toISOString() : 'some day'}`;

const hasText = ({tenant}: GrantName, grants: readonly Grant[]): string => {
  if (grants.length === 0) return `the tenant ${tenant} has no grants at all`;
  const each = grants.slice(0, 20).map((one) => `${one.plan}${one.user === null ? '' : ` (user ${one.user})`}`);
  return `the tenant ${tenant} has ${each.join(', ')}`;
};

const whoseOf = ({tenant, user}: GrantOptions): string =>
  `tenant=${JSON.stringify(tenant)}${user === undefined ? '' : ` user=${JSON.stringify(user)}`}`;

const endOf = (given: string): number => {
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;
  const moment = form.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(moment)) {
    throw new CommandError(`--expires: "${given}" is not a date: write 2027-01-31 or 2027-01-31T12:00:00Z`);
  }
  if (moment <= Date.now()) {
    throw new CommandError(`--expires: ${given} is over: give a later date, or take the plan back by ungrant`);
  }
  return moment;
};
