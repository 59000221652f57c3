// The entitlement store from its settings: a source, and the cache before it.
import {compileCondition} from '../../conditions/condition.ts';
import {capturesIn} from '../../config/rulePatterns.ts';
import type {Settings} from '../../config/schema.ts';
import type {Health} from '../../core/health.ts';
import {featuresNamed} from '../../core/identityHeaders.ts';
import type {RemoteCall} from '../../core/remote.ts';
import type {ListRequirement, Rule} from '../../core/rule/rules.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {makeFileSource} from '../../entitlements/file.ts';
import {makeHttpSource} from '../../entitlements/http.ts';
import {type Asked, unsoldPermissions, type Wanted} from '../../entitlements/sound.ts';
import type {LookupSource, SnapshotSource} from '../../entitlements/source.ts';
import type {TrustingRemote} from '../../remote/client.ts';
import {makeSourceOf, sourceTells} from '../../vendors/index.ts';
import {aside} from '../aside.ts';
import {trustOf} from '../providers.ts';
import type {Shared} from '../shared.ts';
import {sourceIdentity} from '../state.ts';
import type {Entitlements} from './entitlementsPart.ts';
import {makeLookups} from './lookups.ts';
import {makeSnapshots, openRedisSource} from './snapshots.ts';

type EntitlementsSettings = NonNullable<Settings['entitlements']>;

const missing = (): never => {
  throw new Unavailable('entitlements', new Error('the setting `entitlements` is missing'));
};

/** Without the setting no rule can ask (the configuration's checks see to it); if one did, it would not be let through. */
const nothingConfigured: Entitlements = {
  store: {entitled: missing, holdings: missing, catalog: missing},
  health: () => [],
  meter: () => () => {},
  start: async () => {},
  close: async () => {},
};

/** Equal settings give the same store (held.ts). */
export const makeEntitlements = (whole: SettingsAsked, shared: Shared): Entitlements => {
  const {entitlements: settings} = whole;
  if (settings === undefined) return nothingConfigured;
  const asked = askedOf(whole, settings.source.type);
  const names = [
    asked.features.map(({feature, as = ''}) => `${as} ${feature}`),
    asked.permissions.map(({permission}) => permission),
  ];
  const deployment = deploymentOf(whole);
  // Not by what is only said or only names a copy: a new rule must not need a source that is away.
  const known = [settings, names.map((list) => list.sort())];
  return shared.holdEntitlements(JSON.stringify(known), () => {
    const remote = shared.remote.trusting(trustOf(settings.source), 'certificates entitlements');
    const source = makeSource(settings, shared, remote.call);
    if ('lookup' in source) {
      // Those that are asked per principal link no permission to a feature.
      for (const sentence of unsoldPermissions({features: new Map()}, asked)) shared.log.warn({}, sentence);
      return withTrust(makeLookups(source, settings.cache, shared), remote);
    }
    const identity = sourceIdentity(settings, whole.redis);
    return withTrust(makeSnapshots(source, settings, {asked, deployment, identity}, shared), remote);
  });
};

/** The same store, which says how the files are that its source trusts. */
const withTrust = (entitlements: Entitlements, remote: TrustingRemote): Entitlements => ({
  ...entitlements,
  // What is known goes on being good while a file is broken: the store itself says when it is not.
  health: () => [
    ...entitlements.health(),
    ...remote.health().map((part): Health => (part.state === 'unready' ? {...part, state: 'degraded'} : part)),
  ],
  close: async () => {
    await entitlements.close();
    remote.close();
  },
});

type SettingsAsked = Pick<Settings, 'entitlements' | 'rules' | 'providers' | 'responses' | 'redis'>;

/** Features whose amounts headers and metadata name; undefined: they name nothing that was bought. */
export const toldBy = ({identity, metadata = []}: Settings['responses']): readonly string[] | undefined =>
  featuresNamed([...identity.values(), ...metadata]);

/** What is asked of a source of this type. An amount that it cannot know is never there, so it is not lost either. */
export const askedOf = ({rules, responses}: Pick<Settings, 'rules' | 'responses'>, type: string): Asked => {
  const {limits, values} = sourceTells(type);
  const asked = askedBy(rules, toldBy(responses));
  const isKnown = ({as}: Wanted): boolean => as === undefined || (as === 'limit' ? limits : values);
  return {...asked, features: asked.features.filter(isKnown)};
};

/** The names of all features that rules and responses ask for, each once. */
export const wantedBy = ({rules, responses}: Pick<Settings, 'rules' | 'responses'>): readonly string[] => [
  ...new Set(askedBy(rules, toldBy(responses)).features.map(({feature}) => feature)),
];

/** What rules ask for, each with the first rule that does. A shadow rule lets through, so it asks for nothing. */
export const askedBy = (rules: readonly Rule[], told: readonly string[] = []): Asked => {
  const features = new Map<string, string>();
  const limits = new Map<string, string>();
  const values = new Map<string, string>();
  const permissions = new Map<string, string>();
  const attributes = new Set<string>();
  for (const {name, access, shadow, match, attributes: named = {}, limits: ownLimits = []} of rules) {
    for (const attribute of [...capturesIn(match.path ?? ''), ...Object.keys(named)]) attributes.add(attribute);
    if (shadow || !('require' in access)) continue;
    for (const feature of itemsOf(access.require.features)) if (!features.has(feature)) features.set(feature, name);
    for (const feature of ownLimits) if (!limits.has(feature)) limits.set(feature, name);
    for (const feature of valuesOf(access.require.when)) if (!values.has(feature)) values.set(feature, name);
    for (const permission of itemsOf(access.require.entitledPermissions)) {
      if (!permissions.has(permission)) permissions.set(permission, name);
    }
  }
  return {
    features: [
      ...[...features].map(([feature, rule]) => ({feature, rule})),
      ...[...limits].map(([feature, rule]) => ({feature, rule, as: 'limit' as const})),
      // What was lost would be absent, which a condition may ask for: !has(value.suspended).
      ...[...values].map(([feature, rule]) => ({feature, rule, as: 'amount' as const})),
      ...told.map((feature) => ({feature, as: 'amount' as const})),
    ],
    permissions: [...permissions].map(([permission, rule]) => ({permission, rule})),
    attributes: [...attributes].sort(),
  };
};

const valuesOf = (when: string | undefined): readonly string[] =>
  when === undefined ? [] : compileCondition(when).looks.values;

const itemsOf = ({any = [], all = []}: ListRequirement = {}): readonly string[] => [...any, ...all];

/**
 * Which deployment this is, where several share a Redis: the setting, else the names that its configuration gives to rules
 * and providers, since what is equal in two applications (the path of a file) says nothing.
 */
const deploymentOf = ({entitlements, rules, providers}: SettingsAsked): string =>
  entitlements?.deployment ?? JSON.stringify([rules, providers].map((named) => named.map(({name}) => name).sort()));

export const makeSource = (
  {source}: EntitlementsSettings,
  {redis, clocks, log}: Shared,
  call: RemoteCall,
): SnapshotSource | LookupSource => {
  switch (source.type) {
    case 'file':
      return makeFileSource(source.path, aside);
    case 'http':
      return makeHttpSource(source, call, aside);
    case 'redis':
      // The settings are checked, and app.ts refuses a reload that adds `redis`, which takes a restart.
      if (redis === undefined) throw new Error('entitlements from Redis without the setting redis');
      return openRedisSource(redis, clocks, (message) => log.warn({}, message));
    default:
      return makeSourceOf(source, {call, now: clocks.now, log, aside});
  }
};
