// Identity headers: values that are safe on the wire, and forged ones gone in every spelling.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {makeIdentityHeaders} from '../../src/core/identityHeaders.ts';
import {principal, request} from '../support/requests.ts';

const changes = makeIdentityHeaders(
  new Map([
    ['x-auth-subject', 'subject'],
    ['x-auth-tenant', 'tenant'],
    ['x-auth-roles', 'roles'],
    ['x-auth-plan', 'claims.https://acme.example/plan'],
    ['x-auth-city', 'claims.address.city'],
  ]),
);
const sourcedValue = (name: string, fields: Parameters<typeof principal>[0]) =>
  new Map(changes(principal(fields), request('/')).set).get(name);

describe('makeIdentityHeaders', () => {
  const values: [name: string, Parameters<typeof principal>[0], value: string | undefined][] = [
    ['x-auth-subject', {subject: 'u1'}, 'u1'],
    ['x-auth-subject', {subject: 'auth0|1 2'}, 'auth0|1 2'],
    ['x-auth-subject', {subject: 'a\r\nx-admin: 1'}, 'a%0D%0Ax-admin: 1'],
    ['x-auth-subject', {subject: 'Zoë'}, 'Zo%C3%AB'],
    ['x-auth-subject', {subject: '100%'}, '100%25'],
    ['x-auth-subject', {subject: '\ud800x'}, '%EF%BF%BDx'],
    ['x-auth-subject', {subject: ' u '}, '%20u%20'],
    ['x-auth-subject', {subject: ''}, undefined],
    ['x-auth-roles', {roles: ['a', 'b,c']}, 'a,b%2Cc'],
    ['x-auth-roles', {roles: []}, undefined],
    ['x-auth-plan', {claims: {'https://acme.example/plan': 'pro'}}, 'pro'],
    ['x-auth-city', {claims: {address: {city: 'Bern'}}}, 'Bern'],
    ['x-auth-city', {claims: {address: {city: {name: 'Bern'}}}}, undefined],
    ['x-auth-city', {claims: {address: 'x'}}, undefined],
  ];
  for (const [name, fields, value] of values) {
    it(`${name} of ${JSON.stringify(fields)} is ${value}`, () => assert.equal(sourcedValue(name, fields), value));
  }

  it('the same subject of two providers is told apart where a header carries the provider', () => {
    const told = makeIdentityHeaders(
      new Map([
        ['x-subject', 'subject'],
        ['x-provider', 'provider'],
      ]),
    );
    const setFor = (provider: string) => told(principal({provider, subject: 'alice'}), request('/')).set;
    assert.notDeepEqual(setFor('acme'), setFor('partner'));
  });

  it('takes no inherited property for a claim', () => {
    const inherited = makeIdentityHeaders(
      new Map([
        ['x-a', 'claims.constructor.name'],
        ['x-b', 'claims.__proto__'],
      ]),
    );
    assert.deepEqual(inherited(principal(), request('/')).set, []);
  });

  it('removes every name where there is nobody, and every odd spelling that came', () => {
    const odd = ['x_auth_subject', 'x-auth_tenant', 'x.auth.roles', 'x~auth~roles', "x-auth'roles", 'X-Auth-Roles'];
    const others = ['x-other', 'x.auth', ':x-auth-roles', 'x-auth-roles-', 'xauthroles'];
    const forged = request('/', {headers: Object.fromEntries([...odd, ...others].map((name) => [name, 'root']))});
    const {set, remove} = changes(undefined, forged);
    assert.deepEqual(set, []);
    for (const name of ['x-auth-subject', 'x-auth-roles', ...odd]) assert.ok(remove.includes(name), name);
    for (const name of others) assert.ok(!remove.includes(name), name);
  });

  it("removes a provider's own names though nothing fills them, and all that begin as they do", () => {
    const owned = makeIdentityHeaders(new Map([['x-vendor-user', 'subject']]), [
      'x-vendor-user',
      'x-vendor-valid',
      'x-vendor-*',
    ]);
    const headers = {
      'x-vendor-user': 'root',
      X_Vendor_Odd: '1',
      'x-vendor-new': '1',
      x_vendor_user: 'root',
      'x.vendor.dots': '1',
      'x-vendors': '1',
    };
    const forged = request('/', {headers});
    for (const who of [undefined, principal({subject: 'u1'})]) {
      const {set, remove} = owned(who, forged);
      assert.deepEqual(set, who === undefined ? [] : [['x-vendor-user', 'u1']]);
      const gone = [
        'x-vendor-valid',
        'x_vendor_valid',
        'x_vendor_user',
        'X_Vendor_Odd',
        'x-vendor-new',
        'x.vendor.dots',
      ];
      for (const name of gone) assert.ok(remove.includes(name), name);
      assert.ok(!remove.includes('x-vendors'));
      assert.equal(remove.includes('x-vendor-user'), who === undefined);
    }
    const onlyOwned = makeIdentityHeaders(new Map(), ['x-vendor-*']);
    assert.deepEqual(onlyOwned(principal(), forged).remove.toSorted(), [
      'X_Vendor_Odd',
      'x-vendor-new',
      'x-vendor-user',
      'x.vendor.dots',
      'x_vendor_user',
    ]);
    assert.deepEqual(onlyOwned(principal(), request('/')).remove, []);
  });

  it('never sets and removes the same name, and every value is one line of printable ASCII', () => {
    fc.assert(
      fc.property(
        fc.record({
          subject: fc.string({unit: 'binary'}),
          roles: fc.array(fc.string({unit: 'binary'})),
          tenant: fc.string(),
        }),
        fc.dictionary(fc.constantFrom('x_auth_subject', 'x-auth_roles', 'x-auth-subject', '__proto__'), fc.string()),
        (fields, headers) => {
          const {set, remove} = changes(principal(fields), request('/', {headers}));
          for (const [name, value] of set) {
            assert.ok(!remove.includes(name));
            assert.match(value, /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/);
          }
          assert.equal(new Set([...set.map(([name]) => name), ...remove]).size >= 5, true);
        },
      ),
    );
  });
});
