// examples/cognito.yaml as it stands, before a stand-in for a Cognito user pool; what a revocation ends; how long a vendor is.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse} from 'yaml';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Postern, runPostern, startPostern} from '../support/postern.ts';
import {type Cognito, startCognito, userPoolId} from '../support/vendors/cognito.ts';

const example = new URL('../../examples/cognito.yaml', import.meta.url);
const ids = {COGNITO_USER_POOL_ID: userPoolId, COGNITO_CLIENT_ID: 'web', COGNITO_M2M_CLIENT_ID: 'robot'};
const seconds = Math.floor(Date.now() / 1_000);

describe('the example of cognito', () => {
  let cognito: Cognito;
  let postern: Postern;
  let client: CheckClient;
  before(async () => {
    cognito = await startCognito();
    // All of it, with the line for a private endpoint, which the stand-in is.
    const text = readFileSync(example, 'utf8').replace('# endpoint:', 'endpoint:');
    postern = await startPostern(parse(text), {env: {...ids, COGNITO_ENDPOINT: cognito.endpoint}});
    client = makeCheckClient(postern.address);
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await cognito?.close();
  });

  const user =
    (claims: object = {}) =>
    () =>
      cognito.token(claims);
  const machine =
    (claims: object = {}) =>
    () =>
      cognito.machineToken(claims);
  const fresh = {auth_time: seconds - 60};
  const rows: [what: string, method: string, path: string, token: () => Promise<string>, status: number][] = [
    ['whoever has signed in', 'GET', '/me', user(), 200],
    ['an id token', 'GET', '/me', () => cognito.idToken(), 401],
    ['a user of another app client', 'GET', '/me', user({client_id: 'other'}), 401],
    ['a token for another API', 'GET', '/me', user({aud: 'https://billing.acme.example'}), 401],
    ['a program', 'GET', '/me', machine(), 403],
    ['a member of the group', 'GET', '/admin/x', user({'cognito:groups': ['admins']}), 200],
    ['a member of another group', 'GET', '/admin/x', user({'cognito:groups': ['staff']}), 403],
    ['the same as services take it that ignore case', 'GET', '/ADMIN/x', user(), 403],
    ['what no rule opens', 'GET', '/other', user(), 403],
    ['with the scope', 'GET', '/orders/7', user({scope: 'openid orders/read'}), 200],
    ['with the scope of another resource server', 'GET', '/orders/7', user({scope: 'billing/read'}), 403],
    ['a program with the scope', 'POST', '/import/orders', machine(), 200],
    ['a program without it', 'POST', '/import/orders', machine({scope: 'orders/read'}), 403],
    ['a program of another client', 'POST', '/import/orders', machine({sub: 'x', client_id: 'x'}), 401],
    ['a user with the scope of programs', 'POST', '/import/orders', user({scope: 'orders/write'}), 403],
    ['signed in a minute ago', 'POST', '/payouts', user(fresh), 200],
    ['signed in an hour ago', 'POST', '/payouts', user({auth_time: seconds - 3_600}), 401],
  ];
  for (const [what, method, path, token, status] of rows) {
    it(`${method} ${path}, ${what}: ${status}`, async () => {
      const headers = [['authorization', `Bearer ${await token()}`]] as const;
      const {okResponse, deniedResponse} = await client.check(checkRequestOf({method, path, headers}));
      const answered = okResponse === undefined ? deniedResponse?.status?.code : 'OK';
      assert.equal(answered, {200: 'OK', 401: 'Unauthorized', 403: 'Forbidden'}[status]);
    });
  }

  it('the upstream is told the name of the user', async () => {
    const headers = [['authorization', `Bearer ${await cognito.token()}`]] as const;
    const {okResponse} = await client.check(checkRequestOf({path: '/me', headers}));
    const told = okResponse?.headers?.find(({header}) => header.key === 'x-auth-username');
    assert.equal(told?.header.value, 'janedoe');
  });

  it('is valid with the ids alone', async () => {
    const {code, output} = await runPostern(['validate', '-c', example.pathname], ids);
    assert.equal(code, 0, output);
  });
});

describe('revocation at cognito', () => {
  let cognito: Cognito;
  let postern: Postern;
  let client: CheckClient;
  before(async () => {
    cognito = await startCognito();
    const {endpoint} = cognito;
    postern = await startPostern({
      providers: [{name: 'co', type: 'cognito', userPoolId, clients: ['web'], endpoint}],
      rules: [{name: 'all', match: {path: '/**'}, require: {}}],
      admin: {token: 'canary-admin-token'},
    });
    client = makeCheckClient(postern.address);
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await cognito?.close();
  });

  it('ends the tokens of one sign-in, refreshed ones too, and no other sign-in', async () => {
    const tokenOf = (session: string, id: string) => cognito.token({origin_jti: session, jti: id});
    const tokens = [await tokenOf('s1', 'a'), await tokenOf('s1', 'b'), await tokenOf('s2', 'c')];
    const answers = () =>
      Promise.all(
        tokens.map(async (token) => {
          const headers = [['authorization', `Bearer ${token}`]] as const;
          return (await client.check(checkRequestOf({path: '/', headers}))).okResponse !== undefined;
        }),
      );
    assert.deepEqual(await answers(), [true, true, true]);
    const {code, output} = await runPostern(['revoke', '-c', join(postern.folder, 'postern.yaml'), '--session', 's1']);
    assert.equal(code, 0, output);
    assert.deepEqual(await answers(), [false, false, true]);
  });
});

describe('docs/add-a-vendor.md', () => {
  it('walks through less than 130 lines, which are a whole vendor', () => {
    const folder = new URL('../../src/vendors/cognito/', import.meta.url);
    const lines = ['settings.ts', 'claims.ts', 'provider.ts', 'vendor.ts']
      .map((name) => readFileSync(new URL(name, folder), 'utf8').split('\n').length - 1)
      .reduce((sum, count) => sum + count, 0);
    assert.ok(lines < 130, `${lines} lines`);
  });
});
