// The names that series may bear, by the configuration in force; and the series that exist before anything is counted.
import type {Access} from '../core/rule/rules.ts';
import type {Steps} from '../core/steps.ts';
import {NONE, OTHER, type Tally} from './tally.ts';

/** What of a configuration decides which series there can be. */
export interface Configured {
  readonly rules: readonly {readonly name: string; readonly access: Access; readonly limits?: readonly string[]}[];
  readonly providers: readonly string[];
  /** A hash of the configuration, for `postern_config_info`. */
  readonly hash: string;
  /** When it was taken over, milliseconds since the epoch. */
  readonly at: number;
}

/** The tallies whose labels name rules or providers. */
export interface NamedTallies {
  /** By rule, outcome, reason, provider. */
  readonly decisions: Tally;
  /** By rule, feature. */
  readonly limits: Tally;
  /** Those whose first label is a rule, and those whose first label is a provider. */
  readonly byRule: readonly Tally[];
  readonly byProvider: readonly Tally[];
}

export interface ConfiguredSeries {
  rule(name: string | undefined): string;
  provider(name: string | undefined): string;
  /** The configuration in force. Undefined: none yet. */
  current(): Configured | undefined;
  /** Takes over all names at once, drops the series of those that are gone, and declares new ones rule by rule. */
  take(configuration: Configured): Steps<void>;
}

export const makeConfiguredSeries = ({decisions, limits, byRule, byProvider}: NamedTallies): ConfiguredSeries => {
  let current: Configured | undefined;
  let rules: ReadonlySet<string> = new Set();
  let providers: ReadonlySet<string> = new Set();

  return {
    rule: (name) => bounded(name, rules),
    provider: (name) => bounded(name, providers),
    current: () => current,
    *take(configuration) {
      current = configuration;
      rules = new Set(configuration.rules.map(({name}) => name));
      providers = new Set(configuration.providers);
      for (const tally of [decisions, limits, ...byRule]) tally.keep(0, withAbsent(rules));
      for (const tally of byProvider) tally.keep(0, withAbsent(providers));
      decisions.keep(3, withAbsent(providers));
      for (const {name, limits: features = []} of configuration.rules) {
        for (const feature of features) limits.declare(name, feature);
      }
      yield* declareDecisions(decisions, configuration);
    },
  };
};

const bounded = (label: string | undefined, known: ReadonlySet<string>): string =>
  label === undefined ? NONE : known.has(label) ? label : OTHER;

const withAbsent = (names: ReadonlySet<string>): ReadonlySet<string> => new Set([...names, NONE, OTHER]);

/** Each rule's allow, with each provider that may vouch for it, and the denial that it is sure to give. */
function* declareDecisions(decisions: Tally, {rules, providers}: Configured): Steps<void> {
  decisions.declare(NONE, 'deny', 'no_rule', NONE);
  // A rate sees the first bug only if it was a zero before.
  decisions.declare(NONE, 'error', 'internal', NONE);
  for (const {name, access} of rules) {
    yield;
    decisions.declare(name, 'allow', NONE, NONE);
    decisions.declare(name, 'deny', access.access === 'deny' ? 'denied_by_rule' : 'no_credential', NONE);
    if (access.access === 'public' || access.access === 'deny') continue;
    for (const provider of access.require.providers ?? providers) decisions.declare(name, 'allow', NONE, provider);
  }
}
