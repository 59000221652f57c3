// `when`: a condition over the request, the principal and what was bought is true. What cannot be worked out is not.

import type {Bindings, Looks} from '../condition.ts';
import type {Holdings} from '../entitlement/entitlement.ts';
import type {Principal} from '../principal.ts';
import {canonicalHost} from '../request/authority.ts';
import type {CanonicalPath} from '../request/path.ts';
import {decodedParameter, parametersOf} from '../request/pieces.ts';
import {shownValue} from '../words/misfit.ts';
import type {Facts, Part, Unmet} from './part.ts';

export const when: Part<'when'> = {
  compile(text, {condition: compile, entitlements, attributes}) {
    if (compile === undefined) throw new Error('a rule has a condition, and there is nothing that compiles it');
    const {looks, test} = compile(text);
    const values = [...looks.values];
    const unmet = (why: string): Unmet => ({reason: 'condition_failed', detail: `when: ${shownValue(text)}: ${why}`});
    const isFalse = unmet('is false');
    const decide = (facts: Facts, holdings: Holdings | undefined): Unmet | undefined => {
      if (holdings?.grace === true) facts.grace = true;
      const query = queryOf(facts, looks.query);
      if (query === undefined) return unmet('a parameter that it asks for is sent twice, or cannot be read');
      const held = test(bindingsOf(facts, looks, query, holdings));
      if (held === true) return undefined;
      return held === false ? isFalse : unmet(`cannot be worked out: ${held}`);
    };
    if (values.length === 0) return (facts) => decide(facts, undefined);
    return (facts) => {
      const {principal, captures, now, deadline, credential} = facts;
      const call = {credential: credential.value, deadline};
      const holdings = entitlements.holdings(principal, values, attributes?.(facts) ?? captures, now, call);
      return holdings instanceof Promise ? holdings.then((late) => decide(facts, late)) : decide(facts, holdings);
    };
  },
  got: undefined,
};

/** Only what is looked at: a condition over roles alone gathers nothing else. */
const bindingsOf = (
  {principal, request, path, captures, now}: Facts,
  looks: Looks,
  query: ReadonlyMap<string, string>,
  holdings: Holdings | undefined,
): Bindings => {
  const bindings: {-readonly [Name in keyof Bindings]: Bindings[Name]} = {};
  if (looks.request.length > 0) {
    const parts = new Map<string, unknown>();
    const put = (name: string, value: unknown) =>
      value !== undefined && looks.request.includes(name) && parts.set(name, value);
    put('method', request.method);
    put('host', canonicalHost(request.host));
    put('path', path && writtenPath(path));
    put('query', query);
    put('captures', captures);
    put('headers', headersOf(request.headers, looks.headers));
    bindings.request = parts;
  }
  if (looks.principal.length > 0) bindings.principal = principalOf(principal, looks.principal);
  if (looks.claims.whole || looks.claims.named.length > 0) bindings.claims = principal.claims;
  if (looks.now) bindings.now = now;
  if (holdings !== undefined) {
    bindings.value = new Map([...holdings.amounts].map(([name, {amount}]) => [name, amount]));
  }
  return bindings;
};

/** A path that can be read in several ways, because the settings allow it, is none: who knows which the upstream reads. */
const writtenPath = ({segments, others}: CanonicalPath): string | undefined =>
  others === undefined ? `/${segments.join('/')}` : undefined;

const headersOf = (headers: ReadonlyMap<string, string>, names: readonly string[]): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const name of names) {
    const value = headers.get(name.toLowerCase());
    if (value !== undefined) found.set(name, value);
  }
  return found;
};

/** Undefined: one of them is there twice, or cannot be decoded; what reads it behind us may read the other. */
const queryOf = ({request}: Facts, names: readonly string[]): ReadonlyMap<string, string> | undefined => {
  const found = new Map<string, string>();
  if (names.length === 0) return found;
  const {whole, byName} = parametersOf(request);
  if (!whole) return undefined;
  for (const name of names) {
    const [only, second] = byName.get(name) ?? [];
    if (only === undefined) continue;
    const value = decodedParameter(only.value);
    if (second !== undefined || value === undefined) return undefined;
    found.set(name, value);
  }
  return found;
};

const seconds = 1_000;
/** What CEL takes for a timestamp: years 1 to 9999. A token that never ends may say so by a number beyond. */
const earliest = Date.parse('0001-01-01T00:00:00Z');
const latest = Date.parse('9999-12-31T23:59:59Z');
const momentOf = (value: number): Date => new Date(Math.min(Math.max(value * seconds, earliest), latest));

const principalOf = (principal: Principal, names: readonly string[]): ReadonlyMap<string, unknown> => {
  const found = new Map<string, unknown>();
  for (const name of names) {
    const value = principal[name as keyof Principal];
    if (value !== undefined) found.set(name, typeof value === 'number' ? momentOf(value) : value);
  }
  return found;
};
