// Settings that ask of the entitlements what their source cannot know: they lead to nothing, or let nobody in.
import type {SourceTells} from '../core/entitlement/sourceTells.ts';
import type {Finding, SettingPath} from './findings.ts';
import type {Settings} from './schema.ts';

type Asking = Pick<Settings, 'entitlements' | 'rules' | 'responses'>;

export const elsewhere = 'a file, Redis, or a service behind `http` can keep them';

/** Looks at limits and responses; `tellsOf`: what a type of source can know. Costs nothing where that is everything. */
export const untold = (
  {entitlements, rules, responses}: Asking,
  tellsOf: (type: string) => SourceTells,
): readonly Finding[] => {
  if (entitlements === undefined) return [];
  const {type} = entitlements.source;
  const tells = tellsOf(type);
  if (Object.values(tells).every((one) => one)) return [];
  const found: Finding[] = [];
  const say = (path: SettingPath, message: string) => found.push({path, at: 'value', message});
  for (const [index, {limits}] of rules.entries()) {
    if (limits === undefined || tells.limits) continue;
    say(
      ['rules', index, 'limits'],
      `are not known to entitlements of type ${type}, so this rule lets nobody in; take them out: ${elsewhere}`,
    );
  }
  for (const [header, source] of responses.identity) {
    const lack = lackOf(source, tells);
    if (lack !== undefined)
      say(['responses', 'identity', header], `${lack} ${type}, so this header never comes; ${elsewhere}`);
  }
  for (const [index, source] of (responses.metadata ?? []).entries()) {
    const lack = lackOf(source, tells);
    if (lack !== undefined) say(['responses', 'metadata', index], `${lack} ${type}, so it is never told; ${elsewhere}`);
  }
  if (responses.upgrade !== undefined && !tells.offers) {
    const link = responses.upgrade.link?.includes('{plan}') ? ', and no link with {plan}' : '';
    const message = `names no plan${link}: entitlements of type ${type} do not tell what is for sale; ${elsewhere}`;
    say(['responses', 'upgrade'], message);
  }
  return found;
};

const lackOf = (source: string, {plans, grace, values}: SourceTells): string | undefined => {
  if (source.startsWith('value.') && !values) return 'is an amount, which is not known to entitlements of type';
  if ((source === 'plan' || source === 'plans') && !plans) return 'is not known to entitlements of type';
  return source === 'grace' && !grace ? 'is not known to entitlements of type' : undefined;
};
