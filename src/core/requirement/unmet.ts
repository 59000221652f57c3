// What was wanted and what came, as values: the words of it are each part's own.
import type {Principal} from '../principal.ts';
import type {PartName} from './compile.ts';
import type {Facts, Unmet} from './part.ts';
import {filledIn} from './template.ts';

/** The part of a requirement that does not hold. `got`: only what names nobody and is no claim but the tenant. */
export interface UnmetPart {
  readonly part: PartName;
  /** As the rule says it, with the captures of the path filled in. */
  readonly wanted: unknown;
  readonly got?: unknown;
}

const got: Partial<Record<PartName, (principal: Principal, now: number) => unknown>> = {
  kind: ({kind}) => kind,
  tenant: ({tenant}) => tenant ?? null,
  stepUp: ({authTime, acr, amr}, now) => ({
    ...(authTime !== undefined && {age: Math.round(now / 1_000) - authTime}),
    ...(acr !== undefined && {acr}),
    amr,
  }),
};

/** Made where something is refused, and nowhere else. */
export const withPart = (unmet: Unmet, part: PartName, wanted: unknown, facts: Facts): Unmet => {
  const came = got[part]?.(facts.principal, facts.now);
  const filled = part === 'tenant' && typeof wanted === 'string' ? filledIn(wanted, facts.captures) : wanted;
  return {
    ...unmet,
    unmet: {part, wanted: typeof filled === 'symbol' ? wanted : filled, ...(came !== undefined && {got: came})},
  };
};
