// examples/authgear.yaml as it stands, before a stand-in for Authgear.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {type Authgear, authgearPrefix, startAuthgear} from '../support/vendors/authgear.ts';

const seconds = Math.floor(Date.now() / 1_000);
const opaque = 'abcdefghijklmnopqrstuvwxyz012345';

describe('the example of authgear', () => {
  let authgear: Authgear;
  let postern: Postern;
  let client: CheckClient;
  before(async () => {
    authgear = await startAuthgear();
    const example = readFileSync(new URL('../../examples/authgear.yaml', import.meta.url), 'utf8');
    postern = await startPostern(parse(example), {env: {AUTHGEAR_ENDPOINT: authgear.endpoint}});
    client = makeCheckClient(postern.address);
    authgear.sessions.set('s1', {userId: 'u1', roles: ['admin'], amr: ['pwd', 'mfa'], authenticatedAt: seconds - 60});
    authgear.sessions.set('old', {userId: 'u1', amr: ['pwd', 'mfa'], authenticatedAt: seconds - 600});
    authgear.sessions.set('anon', {userId: 'u2', anonymous: true});
    authgear.sessions.set(opaque, {userId: 'u3'});
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await authgear?.close();
  });

  const cookie = (value: string) => async (): Promise<[string, string]> => ['cookie', `session=${value}`];
  const token =
    (claims: object = {}) =>
    async (): Promise<[string, string]> => ['authorization', `Bearer ${await authgear.token(claims)}`];
  const rows: [what: string, method: string, path: string, header: () => Promise<[string, string]>, answer: string][] =
    [
      ['a session', 'GET', '/me', cookie('s1'), 'OK'],
      ['a token', 'GET', '/me', token(), 'OK'],
      ['an opaque token', 'GET', '/me', async () => ['authorization', `Bearer ${opaque}`], 'OK'],
      ['a session that is gone', 'GET', '/me', cookie('gone'), 'Unauthorized'],
      [
        'an id token',
        'GET',
        '/me',
        async () => ['authorization', `Bearer ${await authgear.idToken()}`],
        'Unauthorized',
      ],
      ['an administrator', 'GET', '/admin/x', cookie('s1'), 'OK'],
      ['an administrator by token', 'GET', '/admin/x', token({[`${authgearPrefix}/roles`]: ['admin']}), 'OK'],
      ['somebody else', 'GET', '/admin/x', token(), 'Forbidden'],
      ['somebody else, as services take it that ignore case', 'GET', '/ADMIN/x', token(), 'Forbidden'],
      ['what no rule opens', 'GET', '/other', token(), 'Forbidden'],
      ['an anonymous user', 'GET', '/account/x', cookie('anon'), 'Forbidden'],
      ['a known user', 'GET', '/account/x', cookie('s1'), 'OK'],
      ['a second factor just now', 'POST', '/payouts', cookie('s1'), 'OK'],
      ['a second factor ten minutes ago', 'POST', '/payouts', cookie('old'), 'Unauthorized'],
      ['no second factor', 'POST', '/payouts', token({amr: ['pwd']}), 'Unauthorized'],
    ];
  for (const [what, method, path, header, answer] of rows) {
    it(`${method} ${path}, ${what}: ${answer}`, async () => {
      const found = await client.check(checkRequestOf({method, path, headers: [await header()]}));
      assert.equal(found.okResponse === undefined ? found.deniedResponse?.status?.code : 'OK', answer);
    });
  }
});
