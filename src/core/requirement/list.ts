// A list that the principal must hold: at least one of `any`, every one of `all`.
import {shownList} from '../misfit.ts';
import type {ListRequirement} from '../rules.ts';

export const holdsList = ({any, all}: ListRequirement, held: readonly string[]): boolean =>
  (any === undefined || any.some((item) => held.includes(item))) &&
  (all === undefined || all.every((item) => held.includes(item)));

/** `role: wanted one of "admin", "owner"`: names of the rule, said once for all its refusals. */
export const wantedList = (what: string, {any = [], all = []}: ListRequirement): string => {
  const every = all.length === 0 ? [] : [`all of ${shownList(all)}`];
  const some = any.length === 0 ? [] : [any.length === 1 ? shownList(any) : `one of ${shownList(any)}`];
  return `${what}: wanted ${[...every, ...some].join(' and ')}`;
};
