// examples/kinde.yaml, with the lines for API keys and as it stands, before a stand-in for Kinde.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {type Kinde, machine, startKinde} from '../support/vendors/kinde.ts';

const example = new URL('../../examples/kinde.yaml', import.meta.url);

describe('the example of kinde', () => {
  let kinde: Kinde;
  let postern: Postern;
  let client: CheckClient;
  before(async () => {
    kinde = await startKinde();
    const withKeys = readFileSync(example, 'utf8').replace(
      /^ {4}# (apiKeys:| {2}(clientId|clientSecret|apis):)/gm,
      '    $1',
    );
    postern = await startPostern(parse(withKeys), {
      env: {
        KINDE_DOMAIN: kinde.domain,
        KINDE_AUDIENCE: 'https://orders.acme.example',
        KINDE_M2M_CLIENT_ID: machine.clientId,
        KINDE_M2M_CLIENT_SECRET: machine.clientSecret,
        KINDE_API_ID: 'api_orders',
      },
    });
    client = makeCheckClient(postern.address);
    const key = {status: 'active', org_code: 'org_1', api_ids: ['api_orders']} as const;
    kinde.keys.set('k_live_import', {...key, scopes: ['write:books']});
    kinde.keys.set('k_live_search', {...key, scopes: ['read:books'], user_id: 'kp_9'});
    kinde.keys.set('k_live_other', {...key, scopes: ['write:books'], api_ids: ['api_billing']});
    kinde.bought.set('org_9', ['reports']);
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await kinde?.close();
  });

  const aud = ['https://orders.acme.example'];
  const user = (claims: object = {}) => kinde.token({aud, ...claims});
  const rows: [what: string, method: string, path: string, token: () => Promise<string>, status: number][] = [
    ['whoever has signed in', 'GET', '/me', () => user(), 200],
    ['a token for another API', 'GET', '/me', () => kinde.token(), 401],
    ['with the permission', 'GET', '/orgs/org_1/books/7', () => user({permissions: ['read:books']}), 200],
    ['without it', 'GET', '/orgs/org_1/books/7', () => user(), 403],
    ['without it, as services take it that ignore case', 'GET', '/orgs/org_1/BOOKS/7', () => user(), 403],
    ['what no rule opens', 'GET', '/other', () => user(), 403],
    ['with the role', 'POST', '/orgs/org_1/books', () => user({roles: [{id: 'r', name: 'Admin', key: 'admin'}]}), 200],
    ['with the permission to read only', 'POST', '/orgs/org_1/books', () => user({permissions: ['read:books']}), 403],
    ['reports by a flag', 'GET', '/reports/1', () => user({feature_flags: {reports: {t: 'b', v: true}}}), 200],
    ['reports by the plan', 'GET', '/reports/1', () => user({org_code: 'org_9', sub: 'kp_9'}), 200],
    ['reports by neither', 'GET', '/reports/1', () => user(), 403],
    ['an API key of an organisation', 'POST', '/import/books', async () => 'k_live_import', 200],
    ['an API key of a user', 'POST', '/import/books', async () => 'k_live_search', 403],
    ['an API key for another API', 'POST', '/import/books', async () => 'k_live_other', 401],
    ['an API key with the scope', 'GET', '/search', async () => 'k_live_search', 200],
    ['an API key without it', 'GET', '/search', async () => 'k_live_import', 403],
    ['a machine with the scope', 'POST', '/import/books', () => kinde.machineToken({aud, scp: ['write:books']}), 200],
    ['a machine without it', 'POST', '/import/books', () => kinde.machineToken({aud}), 403],
    ['a user', 'POST', '/import/books', () => user({scp: ['write:books']}), 403],
  ];
  for (const [what, method, path, token, status] of rows) {
    it(`${method} ${path}, ${what}: ${status}`, async () => {
      const headers = [['authorization', `Bearer ${await token()}`]] as const;
      const {okResponse, deniedResponse} = await client.check(checkRequestOf({method, path, headers}));
      const answered = okResponse === undefined ? deniedResponse?.status?.code : 'OK';
      assert.equal(answered, {200: 'OK', 401: 'Unauthorized', 403: 'Forbidden'}[status]);
    });
  }
});

describe('the example of kinde as it stands', () => {
  it('takes two values, and no API keys', async () => {
    const kinde = await startKinde();
    const env = {KINDE_DOMAIN: kinde.domain, KINDE_AUDIENCE: 'orders-api'};
    const postern = await startPostern(parse(readFileSync(example, 'utf8')), {env});
    const client = makeCheckClient(postern.address);
    try {
      const answerTo = async (token: string) =>
        client.check(checkRequestOf({path: '/me', headers: [['authorization', `Bearer ${token}`]]}));
      assert.ok((await answerTo(await kinde.token())).okResponse);
      assert.equal((await answerTo('k_live_import')).deniedResponse?.status?.code, 'Unauthorized');
    } finally {
      client.close();
      await postern.stop();
      await kinde.close();
    }
  });
});

describe("the guide of kinde: a flag's number decides by a file of entitlements", () => {
  const guide = readFileSync(new URL('../../docs/guides/kinde.md', import.meta.url), 'utf8');
  const [, entitlements = ''] = /```yaml\n(features:[\s\S]*?)```/.exec(guide) ?? [];
  let kinde: Kinde;
  let postern: Postern;
  let client: CheckClient;
  before(async () => {
    kinde = await startKinde();
    const settings = {
      providers: [{name: 'ki', type: 'kinde', domain: kinde.domain, audience: ['orders-api']}],
      entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
      rules: [{name: 'export', match: {path: '/**'}, require: {features: ['export']}}],
    };
    postern = await startPostern(settings, {files: {'entitlements.yaml': entitlements}});
    client = makeCheckClient(postern.address);
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await kinde?.close();
  });

  for (const [value, type, allowed, claim] of [
    [100, 'i', false, 'feature_flags'],
    [101, 'i', true, 'feature_flags'],
    ['101', 's', false, 'feature_flags'],
    [100, 'i', false, 'x-hasura-feature-flags'],
    [101, 'i', true, 'x-hasura-feature-flags'],
  ] as const) {
    it(`${JSON.stringify(value)} in ${claim}: ${allowed ? 'in' : 'out'}`, async () => {
      const token = await kinde.token({[claim]: {limit: {t: type, v: value}}});
      const headers = [['authorization', `Bearer ${token}`]] as const;
      const answer = await client.check(checkRequestOf({path: '/', headers}));
      assert.equal(answer.okResponse !== undefined, allowed);
    });
  }
});
