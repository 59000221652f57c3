// What a rule asks of a principal.
import assert from 'node:assert/strict';
import type {Principal} from '../../src/core/principal.ts';
import {compileRequirement} from '../../src/core/requirement/compile.ts';
import type {Facts, Unmet} from '../../src/core/requirement/part.ts';
import {filledIn} from '../../src/core/requirement/template.ts';
import type {Requirement} from '../../src/core/rule/rules.ts';
import {plainPlace, principal, request} from '../support/requests.ts';

const now = 1_700_000_000_000;
const seconds = now / 1_000;

/** Of the parts that ask nobody: their answer is there at once. */
const firstUnmet = (
  requirement: Requirement,
  who: Principal,
  captures: ReadonlyMap<string, string>,
  moment: number,
): Unmet | undefined => {
  const facts: Facts = {
    principal: who,
    captures,
    request: request('/'),
    path: undefined,
    credential: {place: plainPlace('authorization'), value: 'secret'},
    now: moment,
    deadline: Number.POSITIVE_INFINITY,
  };
  const asksNobody = {
    entitlements: {
      entitled: () => assert.fail('the entitlement store was asked'),
      holdings: () => assert.fail('the entitlement store was asked'),
      catalog: () => undefined,
    },
    relate: () => assert.fail('a provider was asked'),
  };
  const answer = compileRequirement(requirement, asksNobody)(facts);
  assert.ok(!(answer instanceof Promise), 'there is nothing to wait for');
  return answer;
};

describe('compileRequirement', () => {
  const rows: [what: string, Requirement, Partial<Principal>, reason: string | undefined][] = [
    ['nothing asked', {}, {}, undefined],
    ['kind', {kind: 'service'}, {kind: 'user'}, 'wrong_kind'],
    ['kind holds', {kind: 'service'}, {kind: 'service'}, undefined],
    ['tenant of the path', {tenant: '{org}'}, {tenant: 't1'}, undefined],
    ['another tenant', {tenant: '{org}'}, {tenant: 't2'}, 'wrong_tenant'],
    ['tenant in another case', {tenant: '{org}'}, {tenant: 'T1'}, 'wrong_tenant'],
    ['any-of roles', {roles: {any: ['admin', 'owner']}}, {roles: ['owner']}, undefined],
    ['no role', {roles: {any: ['admin']}}, {roles: ['superadmin']}, 'missing_role'],
    ['all roles', {roles: {all: ['a', 'b']}}, {roles: ['a']}, 'missing_role'],
    ['any and all', {roles: {any: ['x', 'y'], all: ['a']}}, {roles: ['a', 'y']}, undefined],
    ['any and all, any missing', {roles: {any: ['x', 'y'], all: ['a']}}, {roles: ['a']}, 'missing_role'],
    ['permission', {permissions: {any: ['orders.read']}}, {permissions: ['orders.*']}, 'missing_permission'],
    ['scope', {scopes: {any: ['orders']}}, {scopes: ['order']}, 'missing_scope'],
    ['order: kind before tenant', {kind: 'service', tenant: 't9'}, {}, 'wrong_kind'],
    ['order: roles before scopes', {roles: {any: ['r']}, scopes: {any: ['s']}}, {}, 'missing_role'],
    ['recent sign-in', {stepUp: {maxAge: 300_000}}, {authTime: seconds - 300}, undefined],
    ['old sign-in', {stepUp: {maxAge: 300_000}}, {authTime: seconds - 301}, 'step_up_required'],
    ['sign-in of unknown age', {stepUp: {maxAge: 300_000}}, {}, 'step_up_required'],
    ['sign-in time that is no number', {stepUp: {maxAge: 300_000}}, {authTime: Number.NaN}, 'step_up_required'],
    ['sign-in a little ahead of our clock', {stepUp: {maxAge: 300_000}}, {authTime: seconds + 59}, undefined],
    ['sign-in in the future', {stepUp: {maxAge: 300_000}}, {authTime: seconds + 61}, 'step_up_required'],
    ['sign-in time in milliseconds', {stepUp: {maxAge: 300_000}}, {authTime: now}, 'step_up_required'],
    ['acr', {stepUp: {acr: ['gold']}}, {acr: 'gold'}, undefined],
    ['no acr', {stepUp: {acr: ['gold']}}, {}, 'step_up_required'],
    ['amr: one of each list', {stepUp: {amr: [['mfa'], ['otp', 'hwk']]}}, {amr: ['mfa', 'hwk']}, undefined],
    ['amr: a list without one', {stepUp: {amr: [['mfa'], ['otp', 'hwk']]}}, {amr: ['mfa']}, 'step_up_required'],
  ];
  for (const [what, requirement, fields, reason] of rows) {
    it(`${what}: ${reason ?? 'holds'}`, () => {
      assert.equal(firstUnmet(requirement, principal(fields), new Map([['org', 't1']]), now)?.reason, reason);
    });
  }

  it('refuses a principal without tenant where the path gives none', () => {
    const {tenant: _, ...withoutTenant} = principal();
    assert.equal(firstUnmet({tenant: '{org}'}, withoutTenant, new Map(), now)?.reason, 'missing_tenant');
  });

  it('says what would mend it', () => {
    assert.deepEqual(firstUnmet({stepUp: {maxAge: 60_000, acr: ['gold']}}, principal(), new Map(), now)?.challenge, {
      maxAge: 60,
      acrValues: ['gold'],
    });
    assert.deepEqual(firstUnmet({scopes: {any: ['a', 'b'], all: ['c']}}, principal(), new Map(), now)?.challenge, {
      scopes: ['c', 'a', 'b'],
    });
  });
});

describe('filledIn', () => {
  it('fills captures in, once', () => {
    const captures = new Map([
      ['a', '{b}'],
      ['b', 'x'],
    ]);
    assert.equal(filledIn('app/project:{a}', captures), 'app/project:{b}');
    assert.equal(filledIn('plain', captures), 'plain');
    assert.notEqual(typeof filledIn('{c}', captures), 'string');
  });
});
