// A list that the principal must hold: at least one of `any`, every one of `all`.
import type {ListRequirement} from '../rules.ts';

export const holdsList = ({any, all}: ListRequirement, held: readonly string[]): boolean =>
  (any === undefined || any.some((item) => held.includes(item))) &&
  (all === undefined || all.every((item) => held.includes(item)));
