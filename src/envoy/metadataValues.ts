// Amounts in dynamic metadata: values as they are, and limits in the form that Envoy's rate limit filter reads.
import {type Amount, isList, unlimited} from '../core/entitlement/amount.ts';
import type {Holdings} from '../core/entitlement/entitlement.ts';
import type {StructValue} from './wire.ts';

export const structOf = (entries: readonly (readonly [string, StructValue])[]): StructValue => ({
  structValue: {fields: Object.fromEntries(entries.map(([name, value]) => [name.toWellFormed(), value]))},
});

/** A number, a text, a list of texts; what has no end is the text `unlimited`, since JSON knows no such number. */
export const amountValue = (amount: Amount): StructValue => {
  if (isList(amount)) return {listValue: {values: amount.map(textOf)}};
  if (typeof amount === 'string') return textOf(amount);
  return amount === Number.POSITIVE_INFINITY ? textOf(unlimited) : {numberValue: amount};
};

const textOf = (text: string): StructValue => ({stringValue: text.toWellFormed()});

/** `requests_per_unit` is a uint32 to Envoy, which makes 0 of one more (rate-limit-metadata.test.ts). So many in a second are no limit to anybody, and are counted all the same. */
const most = 4_294_967_295;

/**
 * `{requests_per_unit, unit}` as `rate_limits[].limit.dynamic_metadata` of Envoy wants it: a number, and the name of a unit
 * in envoy.type.v3.RateLimitUnit. Throws for a limit that is not there: without it a request would not be limited.
 */
export const limitOf = (feature: string, {amounts}: Holdings): StructValue => {
  const {amount, per} = amounts.get(feature) ?? {};
  if (typeof amount !== 'number' || per === undefined) throw new TypeError('a limit is handed on that is none');
  return structOf([
    ['requests_per_unit', {numberValue: Math.min(Math.floor(amount), most)}],
    ['unit', {stringValue: per.toUpperCase()}],
  ]);
};
