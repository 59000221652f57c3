// What a condition may look at: its variables, and the types of what they hold.
import {dyn, json, listOf, mapOf, type Type, text, timestamp} from './types.ts';

const named = (name: NonNullable<Type['named']>, of: Type): Type => ({...mapOf(of), named: name});
const holding = (name: 'request' | 'principal', members: Readonly<Record<string, Type>>): Type => ({
  ...mapOf(dyn),
  named: name,
  members,
});

/** By name. The guide docs/guides/conditions.md has the same table, compared by a test. */
export const variables: Readonly<Record<string, Type>> = {
  request: holding('request', {
    method: text,
    host: text,
    path: text,
    query: named('parameter', text),
    captures: named('capture', text),
    headers: named('header', text),
  }),
  principal: holding('principal', {
    provider: text,
    kind: text,
    subject: text,
    tenant: text,
    email: text,
    roles: listOf(text),
    permissions: listOf(text),
    scopes: listOf(text),
    acr: text,
    amr: listOf(text),
    issuedAt: timestamp,
    expiresAt: timestamp,
    authTime: timestamp,
  }),
  claims: mapOf(json),
  value: named('value', json),
  now: timestamp,
};
