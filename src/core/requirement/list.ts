// A list that the principal must hold: at least one of `any`, every one of `all`.

import type {Principal} from '../principal.ts';
import type {ListRequirement} from '../rule/rules.ts';
import {nearMiss, shownList} from '../words/misfit.ts';

export const holdsList = ({any, all}: ListRequirement, held: readonly string[]): boolean =>
  (any === undefined || any.some((item) => held.includes(item))) &&
  (all === undefined || all.every((item) => held.includes(item)));

/** `role: wanted one of "admin", "owner"`: names of the rule, said once for all its refusals. */
export const wantedList = (what: string, {any = [], all = []}: ListRequirement): string => {
  const every = all.length === 0 ? [] : [`all of ${shownList(all)}`];
  const some = any.length === 0 ? [] : [any.length === 1 ? shownList(any) : `one of ${shownList(any)}`];
  return `${what}: wanted ${[...every, ...some].join(' and ')}`;
};

type Field = 'roles' | 'permissions' | 'scopes';

/**
 * What the principal holds instead: of what was wanted by name, of all else the number, for what somebody may do elsewhere
 * is nobody's business. Where there is nothing at all it is the settings more often than the person.
 */
export const gotList = ({any = [], all = []}: ListRequirement, principal: Principal, field: Field): string => {
  const held = principal[field];
  const odd = principal.unread?.[field];
  if (odd !== undefined)
    return `got none: the claim is ${odd}${odd === 'an object' ? ', of which keysOf reads the keys' : ''}`;
  if (held.length === 0) return `got none: see where the token has them, and claims.${field} of the provider`;
  const wanted = [...all, ...any].filter((item) => held.includes(item));
  const lacking = [...all, ...any].filter((item) => !held.includes(item));
  const others = held.length - wanted.length;
  const named = wanted.length === 0 ? [] : [shownList(wanted)];
  return `got ${[...named, ...(others === 0 ? [] : [others === 1 ? '1 other' : `${others} others`])].join(' and ')}${nearMiss(lacking, held)}`;
};
