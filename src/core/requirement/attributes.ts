// The attributes that a rule hands to the targeting rules of what was bought: captures, and what it names besides.

import {claimNamed} from '../claimPath.ts';
import type {Attributes} from '../entitlement/attributes.ts';
import type {AttributeSource} from '../rule/rules.ts';
import type {Facts} from './part.ts';

type Read = (facts: Facts) => unknown;

/**
 * Compiles them; undefined where the rule names none: its captures are then all there is. A value that is absent, or not
 * of the type that is asked for, is no attribute: no targeting rule matches on it.
 */
export const compileAttributes = (
  named: Readonly<Record<string, AttributeSource>> | undefined,
): ((facts: Facts) => Attributes) | undefined => {
  if (named === undefined) return undefined;
  const reads = Object.entries(named).map(([name, source]): [string, Read] => [name, readOf(source)]);
  return (facts) => {
    const attributes = new Map<string, unknown>(facts.captures);
    for (const [name, read] of reads) {
      const value = read(facts);
      // A capture of this name must not stand in for what the rule says that it is.
      if (value === undefined) attributes.delete(name);
      else attributes.set(name, value);
    }
    return attributes;
  };
};

const readOf = (source: AttributeSource): Read => {
  const typed = asType[source.type ?? 'text'];
  if ('header' in source) return ({request}) => typed(request.headers.get(source.header));
  if ('capture' in source) return ({captures}) => typed(captures.get(source.capture));
  // A claim has a type of its own.
  return ({principal}) => claimNamed(principal.claims, source.claim);
};

const asType: Readonly<Record<NonNullable<AttributeSource['type']>, (text: string | undefined) => unknown>> = {
  text: (text) => text,
  number: (text) => (text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};
