// Which tenants a provider may speak for.
import assert from 'node:assert/strict';
import type {Principal} from '../../src/core/principal.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import type {Authentication, Provider} from '../../src/providers/provider.ts';
import {withGrantedTenants, withTenants} from '../../src/providers/tenants.ts';
import {principal, request} from '../support/requests.ts';

const saying = (answer: Authentication): Provider => ({
  name: 'acme',
  places: [],
  accepts: (credential) => credential,
  authenticate: async () => answer,
  health: () => [],
});
const credential = {place: undefined as never, value: 'x'};
const ask = (provider: Provider) =>
  provider.authenticate(credential, {request: request('/'), now: 0, deadline: Number.POSITIVE_INFINITY});
const {tenant: _, ...bare} = principal();
const of = (tenant: string): Principal => ({...bare, tenant});

describe('tenants of a provider', () => {
  const rows: [string, readonly string[] | undefined, Principal, string | undefined][] = [
    ['one of them', ['t1', 't2'], of('t2'), undefined],
    ['another', ['t1'], of('t2'), 'wrong_tenant'],
    ['one in another case', ['t1'], of('T1'), 'wrong_tenant'],
    ['one that every object has', ['t1'], of('constructor'), 'wrong_tenant'],
    ['none', ['t1'], bare, 'missing_tenant'],
    ['any, where nothing is said', undefined, of('t9'), undefined],
    ['none, where nothing is said', undefined, bare, undefined],
  ];
  for (const [what, tenants, who, rejected] of rows) {
    it(`${what}: ${rejected ?? 'good'}`, async () => {
      const answer = await ask(withTenants(saying({verified: who, setCookies: ['a=b']}), tenants));
      assert.equal(answer.rejected, rejected);
      assert.equal(answer.verified, rejected === undefined ? who : undefined);
      assert.deepEqual(answer.setCookies, ['a=b']);
    });
  }
  it('a refusal stays as it is', async () => {
    assert.deepEqual(await ask(withTenants(saying({rejected: 'revoked'}), ['t1'])), {rejected: 'revoked'});
  });

  const grantRows: [string, Principal, string | undefined][] = [
    ['with a grant', of('t1'), undefined],
    ['without one', of('t2'), 'wrong_tenant'],
    ['none', bare, 'missing_tenant'],
  ];
  for (const [what, who, rejected] of grantRows) {
    it(`granted, ${what}: ${rejected ?? 'good'}`, async () => {
      const provider = withGrantedTenants(saying({verified: who, setCookies: ['a=b']}), (tenant) => tenant === 't1');
      const answer = await ask(provider);
      assert.equal(answer.rejected, rejected);
      assert.deepEqual(answer.setCookies, ['a=b']);
      if (rejected !== undefined) assert.match(answer.detail ?? '', /^tenant: wanted one with a live grant, got/);
    });
  }
  it('granted, and the grants are not known: an outage', async () => {
    const provider = withGrantedTenants(saying({verified: of('t1')}), () => {
      throw new Unavailable('entitlements', new Error('nothing yet'));
    });
    await assert.rejects(async () => ask(provider), Unavailable);
  });
});
