// What the cases have tried of a configuration: each rule, and each part of its requirement both met and unmet.
import type {CheckParts} from '../../check.ts';
import type {PartName} from '../../core/requirement/part.ts';
import type {Requirement, Rule} from '../../core/rule/rules.ts';
import type {CaseResult} from './run.ts';

/** One thing that a case can try. */
export interface Item {
  /** `rule read-orders`, `rule read-orders: tenant unmet`. */
  readonly what: string;
  readonly tried: boolean;
}

export interface Coverage {
  readonly items: readonly Item[];
  /** Reasons that were given, each with how often. */
  readonly reasons: ReadonlyMap<string, number>;
  /** From 0 to 100; 100 for nothing to try. */
  readonly percent: number;
}

export interface CoverageCounter {
  /** Looks on while the parts are tried. */
  readonly wrap: (parts: CheckParts) => CheckParts;
  /** Counts what these came to. */
  ran(results: readonly CaseResult[]): void;
  coverage(): Coverage;
}

export const makeCoverageCounter = (rules: readonly Rule[]): CoverageCounter => {
  const seen = new Set<string>();
  const matched = new Set<string>();
  const reasons = new Map<string, number>();
  const see = (rule: string, part: string, met: boolean) => seen.add(keyOf(rule, part, met));
  return {
    wrap: (parts) => ({
      ...parts,
      wrapPart: (rule, name, _wanted, holds) => (facts) => {
        const unmet = holds(facts);
        if (!(unmet instanceof Promise)) {
          see(rule.name, name, unmet === undefined);
          return unmet;
        }
        return unmet.then((late) => {
          see(rule.name, name, late === undefined);
          return late;
        });
      },
    }),
    ran(results) {
      for (const {decision, actual} of results) {
        if (decision.rule !== undefined) matched.add(decision.rule);
        if (actual.reason !== undefined) reasons.set(actual.reason, (reasons.get(actual.reason) ?? 0) + 1);
      }
    },
    coverage: () => {
      const items = rules.flatMap((rule): Item[] => [
        {what: `rule ${rule.name}`, tried: matched.has(rule.name)},
        ...partsOf(rule).flatMap((part) =>
          [true, false].map((met) => ({
            what: `rule ${rule.name}: ${part} ${met ? 'met' : 'unmet'}`,
            tried: seen.has(keyOf(rule.name, part, met)),
          })),
        ),
      ]);
      return withPercent(items, reasons);
    },
  };
};

const withPercent = (items: readonly Item[], reasons: ReadonlyMap<string, number>): Coverage => {
  const tried = items.filter((item) => item.tried).length;
  return {items, reasons, percent: items.length === 0 ? 100 : Math.floor((tried * 100) / items.length)};
};

/** Of several configurations as one. */
export const joined = (coverages: readonly Coverage[]): Coverage => {
  const reasons = new Map<string, number>();
  for (const one of coverages) {
    for (const [reason, count] of one.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return withPercent(
    coverages.flatMap(({items}) => items),
    reasons,
  );
};

const keyOf = (rule: string, part: string, met: boolean) => JSON.stringify([rule, part, met]);

const partsOf = ({access}: Rule): readonly PartName[] => {
  if (!('require' in access)) return [];
  const requirement: Requirement = access.require;
  return (Object.keys(requirement) as (keyof Requirement)[]).filter(
    (name): name is PartName => name !== 'providers' && requirement[name] !== undefined,
  );
};
