// A decision that is remembered, as a request that can be decided again: what stood in for its credential is given.
import type {Reason} from '../../core/refusals.ts';
import {refusals} from '../../core/refusals.ts';
import type {Request} from '../../core/request/request.ts';
import type {Remembered} from '../../observe/remembered.ts';
import type {Given} from './given.ts';

export interface Again {
  readonly request: Request;
  /** Undefined: the request had no credential, or none was looked for. */
  readonly given: Given | undefined;
}

/** What the edge decides without the check: there is nothing to decide again. */
const ofEdge = new Set(['malformed_request', 'request_too_large', 'overloaded', 'internal']);

/** Undefined: the edge has decided it, and no rule was looked at. */
export const againOf = (one: Remembered): Again | undefined => {
  const {request, reason, rule} = one;
  if (request === undefined || ofEdge.has(reason ?? '') || (reason === 'deadline' && rule === undefined))
    return undefined;
  const {kind, method, scheme, host, path, source, namedRule, headerValues} = request;
  return {
    request: {
      kind,
      id: 'explained',
      method,
      scheme,
      host,
      target: path,
      headers: headerValues,
      source,
      ...(namedRule !== undefined && {namedRule}),
    },
    given: givenOf(one),
  };
};

/** Of a reason without a provider: nobody was asked, for what stood there was not to be read or nobody's. */
const unread = new Set(['duplicate_credential', 'malformed_credential', 'unsupported_credential', 'wrong_issuer']);

const givenOf = ({principal, provider, place, reason, outcome, dependency, detail}: Remembered): Given | undefined => {
  if (principal !== undefined) {
    const related = reason === 'not_related' ? false : outcome === 'allow' ? true : undefined;
    return {given: 'principal', principal, place, related};
  }
  if (provider !== undefined && reason !== undefined && isReason(reason)) {
    if (dependency !== undefined) return {given: 'outage', provider, dependency, place};
    return {given: 'rejected', provider, reason, detail, place};
  }
  if (provider === undefined && reason === 'duplicate_credential') return {given: 'duplicate', place};
  if (provider === undefined && reason !== undefined && unread.has(reason) && isReason(reason))
    return {given: 'unsupported', reason, detail, place};
  return undefined;
};

const isReason = (text: string): text is Reason => Object.hasOwn(refusals, text);
