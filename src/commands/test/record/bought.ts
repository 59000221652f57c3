// Entitlements as far as decisions tell of them, where no file says what was bought: who was let in had it.
import type {ListRequirement, Rule} from '../../../core/rule/rules.ts';
import type {DecisionLine} from '../../../observe/decisionLineSchema.ts';

/** A document of entitlements (docs/entitlements.md); undefined: no rule of these decisions asks for any. */
export const boughtBy = (lines: readonly DecisionLine[], rules: readonly Rule[]): object | undefined => {
  const asking = new Map(rules.flatMap((rule) => (asksFor(rule) ? [[rule.name, rule] as const] : [])));
  if (!lines.some(({rule}) => asking.has(rule ?? ''))) return undefined;
  const features = new Map<string, {permissions?: string[]}>();
  const grants = new Map<string, object>();
  const plan = (feature: string) => `recorded-${feature}`;
  const grant = (line: DecisionLine, feature: string, expires?: string) => {
    const {tenant, subject, replay} = line;
    if (tenant === undefined) return;
    const user = replay?.who?.kind === 'service' ? undefined : subject;
    const one = {plan: plan(feature), tenant, ...(user !== undefined && {user}), ...(expires && {expires})};
    const key = JSON.stringify([feature, tenant, user]);
    // Who had it once had it: an end is only known of who never did.
    if (expires === undefined || !grants.has(key)) grants.set(key, one);
  };
  for (const {access} of asking.values()) {
    if (!('require' in access)) continue;
    for (const feature of itemsOf(access.require.features)) if (!features.has(feature)) features.set(feature, {});
    for (const permission of itemsOf(access.require.entitledPermissions))
      features.set(featureOf(permission), {permissions: [permission]});
  }
  for (const line of lines) {
    const access = asking.get(line.rule ?? '')?.access;
    if (access === undefined || !('require' in access)) continue;
    const {features: asked, entitledPermissions: held} = access.require;
    const wanted = [...heldOf(asked), ...heldOf(held).map(featureOf)];
    if (line.outcome === 'allow' || line.reason === 'not_related') for (const one of wanted) grant(line, one);
    if (line.reason === 'feature_expired')
      for (const one of wanted.slice(0, 1)) grant(line, one, '2000-01-01T00:00:00Z');
  }
  return {
    features: Object.fromEntries(features),
    plans: Object.fromEntries([...features.keys()].map((feature) => [plan(feature), {features: [feature]}])),
    grants: [...grants.values()],
  };
};

const asksFor = ({access}: Rule): boolean =>
  'require' in access && (access.require.features !== undefined || access.require.entitledPermissions !== undefined);

const itemsOf = ({any = [], all = []}: ListRequirement = {}): readonly string[] => [...all, ...any];

/** What somebody who was let in had at least; of several any would have done, and the first is taken. */
const heldOf = ({any = [], all = []}: ListRequirement = {}): readonly string[] => [...all, ...any.slice(0, 1)];

const featureOf = (permission: string): string => `recorded.${permission}`;
