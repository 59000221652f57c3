// The admin pages about single decisions, of a Postern that runs.
import assert from 'node:assert/strict';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {acme, people} from '../support/stage.ts';

const token = 'a-token-of-tests';
const rules = [
  {name: 'open', match: {path: '/open'}, public: true},
  {name: 'admins', match: {path: '/orgs/{org}/admin'}, require: {tenant: '{org}', roles: ['admin']}},
];

describe('the pages about decisions', function () {
  this.timeout(60_000);
  let identityProvider: IdentityProvider;
  let postern: Postern;
  let client: CheckClient;

  before(async () => {
    identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
    postern = await startPostern({
      admin: {token, decisions: 50},
      providers: [acme(identityProvider.issuer)],
      rules,
      log: {decisions: 'none'},
    });
    client = makeCheckClient(postern.address);
  });
  after(async () => {
    client.close();
    await postern.stop();
    await identityProvider.stop();
  });

  const get = async (path: string, bearer = token) => {
    const answer = await fetch(`${postern.adminUrl}${path}`, {headers: {authorization: `Bearer ${bearer}`}});
    return {status: answer.status, body: (await answer.json()) as Record<string, never>};
  };
  const listed = async (query: string) => {
    const {status, body} = await get(`/decisions${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body as unknown as {
      decisions: {decision: string; path: string; rule: string}[];
      next?: string;
      kept: number;
    };
  };
  const ask = async (path: string, bearer?: string) =>
    client.check(checkRequestOf({path, headers: bearer === undefined ? [] : [['authorization', `Bearer ${bearer}`]]}));

  it('list the last ones, and find them by what was decided', async () => {
    const bearer = await identityProvider.sign({sub: 'alice', org_id: 'acme', roles: ['viewer']});
    await ask('/open?secret=canary-query');
    await ask('/orgs/acme/admin', bearer);
    await ask('/orgs/other/admin', bearer);
    await ask('/nowhere');
    const rows: [query: string, reasons: (string | undefined)[]][] = [
      ['', ['no_rule', 'wrong_tenant', 'missing_role', undefined]],
      ['?rule=admins', ['wrong_tenant', 'missing_role']],
      ['?rule=none', ['no_rule']],
      ['?reason=missing_role', ['missing_role']],
      ['?outcome=allow', [undefined]],
      ['?tenant=acme&limit=1', ['wrong_tenant']],
      ['?subject=alice&reason=missing_role', ['missing_role']],
      ['?tenant=other', []],
      ['?since=2020-01-01T00:00:00Z&limit=2', ['no_rule', 'wrong_tenant']],
      ['?since=2099-01-01T00:00:00Z', []],
      ['?method=GET&provider=acme', ['wrong_tenant', 'missing_role']],
    ];
    for (const [query, reasons] of rows) {
      const {decisions, kept} = await listed(query);
      assert.deepEqual([decisions.map((one) => (one as {reason?: string}).reason), kept], [reasons, 4], query);
      assert.doesNotMatch(JSON.stringify(decisions), /canary|eyJ/);
    }
    const {decisions, next} = await listed('?limit=3');
    assert.equal(next, decisions[2]?.decision);
    assert.deepEqual(
      (await listed(`?before=${next}`)).decisions.map(({path}) => path),
      ['/open'],
    );
    const one = await get(`/decisions/${next}`);
    assert.deepEqual([one.status, one.body], [200, decisions[2]]);
  });

  const faults: [path: string, status: number, detail: RegExp][] = [
    ['/decisions?limit=0', 400, /limit is a number from 1 to 1000/],
    ['/decisions?limit=1001', 400, /limit is a number/],
    ['/decisions?ruel=a', 400, /no parameter "ruel"; did you mean "rule"\?/],
    ['/decisions?rule=a&rule=b', 400, /rule is there more than once/],
    ['/decisions?outcome=denied', 400, /outcome is one of allow, deny/],
    ['/decisions?since=yesterday', 400, /since is a time such as/],
    ['/decisions?before=none', 400, /before names no decision that is kept/],
    ['/decisions/none', 404, /not kept: another instance has made it/],
    ['/decisions/stream?limt=1', 400, /no parameter "limt"/],
  ];
  for (const [path, status, detail] of faults) {
    it(`${path}: ${status} ${detail.source}`, async () => {
      const {status: got, body} = await get(path);
      assert.deepEqual([got, detail.test(String(body.detail))], [status, true], JSON.stringify(body));
    });
  }

  it('ask for the admin token', async () => {
    for (const path of ['/decisions', '/decisions/x', '/decisions/stream'])
      assert.equal((await get(path, 'wrong')).status, 401, path);
  });

  it('tell what is decided to whoever watches, and let go of who leaves', async () => {
    const watch = async (query: string) => {
      const gone = new AbortController();
      const answer = await fetch(`${postern.adminUrl}/decisions/stream${query}`, {
        headers: {authorization: `Bearer ${token}`},
        signal: gone.signal,
      });
      return {answer, gone};
    };
    const {answer, gone} = await watch('?rule=open');
    assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
    await ask('/nowhere');
    await ask('/open');
    let text = '';
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    while (!text.includes('event: decision')) text += Buffer.from((await reader.read()).value ?? []).toString();
    const [, data = ''] = /event: decision\ndata: (.*)\n\n/.exec(text) ?? [];
    assert.deepEqual([JSON.parse(data).rule, text.includes('no_rule')], ['open', false]);

    const others = [];
    for (let at = 0; at < 15; at++) others.push(await watch(''));
    assert.equal((await watch('')).answer.status, 503);
    for (const one of [{gone}, ...others]) one.gone.abort();
    // They are let go of as soon as the server hears of it.
    for (;;) {
      const {answer: again, gone: end} = await watch('');
      end.abort();
      if (again.status === 200) break;
    }
  });
});

describe('a Postern that keeps no decisions', () => {
  it('says so', async () => {
    const postern = await startPostern({admin: {token, decisions: 0}, rules: rules.slice(0, 1)});
    for (const path of ['/decisions', '/decisions/x', '/decisions/stream']) {
      const answer = await fetch(`${postern.adminUrl}${path}`, {headers: {authorization: `Bearer ${token}`}});
      assert.deepEqual([answer.status, /admin\.decisions is 0/.test(await answer.text())], [404, true], path);
    }
    await postern.stop();
  });
});
