// What a configuration decides by, and nothing of how that is counted or told.
import {type CheckParts, compileCheck} from '../check.ts';
import {compileCondition} from '../conditions/condition.ts';
import type {Settings} from '../config/schema.ts';
import type {CompileCondition, Condition, Looks} from '../core/condition.ts';
import type {Check} from '../core/decision.ts';
import {inSlices} from '../core/steps.ts';
import {replying} from '../envoy/browser/replies.ts';
import type {Provider} from '../providers/provider.ts';
import {makeEntitlements, toldBy} from './entitlements/entitlements.ts';
import type {Entitlements} from './entitlements/entitlementsPart.ts';
import {makeProviders} from './providers.ts';
import type {Shared} from './shared.ts';

export interface Deciding {
  readonly parts: CheckParts;
  readonly providers: readonly Provider[];
  readonly entitlements: Entitlements;
  /** Compiled in slices. `wrap` and `wrapPart`: look on while a provider is asked, or a part of a requirement tried. */
  compile(wrap?: (provider: Provider) => Provider, wrapPart?: CheckParts['wrapPart']): Promise<Check>;
  /** What the conditions of the rules look at, once they are compiled. */
  looks(): readonly Looks[];
  /** Loads what can be loaded ahead; resolves when the first attempts are over. Never rejects. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export const makeDeciding = (settings: Settings, shared: Shared): Deciding => {
  const entitlements = makeEntitlements(settings, shared);
  const providers = makeProviders(settings, shared, entitlements.store);
  const revocations = shared.revocation.of(settings);
  const conditions = new Map<string, Condition>();
  /** One text is compiled once, whichever of the rules has it, and whoever asks. */
  const condition: CompileCondition = (text) => {
    const known = conditions.get(text) ?? compileCondition(text);
    conditions.set(text, known);
    return known;
  };
  const parts: CheckParts = {
    ...settings,
    providers,
    revocations,
    entitlements: entitlements.store,
    condition,
    told: toldBy(settings.responses),
    upgrades: settings.responses.upgrade !== undefined,
  };
  return {
    parts,
    providers,
    entitlements,
    compile: async (wrap = (provider) => provider, wrapPart) => {
      const wrapped: CheckParts = {...parts, providers: providers.map(wrap), ...(wrapPart && {wrapPart})};
      const check = await inSlices(compileCheck(wrapped), shared.clocks);
      return replying(check, settings.responses);
    },
    looks: () => [...conditions.values()].map(({looks}) => looks),
    start: async () => {
      await Promise.all([...providers.map((provider) => provider.start?.()), entitlements.start()]);
    },
    close: async () => {
      await Promise.all([...providers.map((provider) => provider.close?.()), entitlements.close()]);
    },
  };
};
