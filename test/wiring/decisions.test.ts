// The admin pages about single decisions, of a Postern that runs.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {type Postern, runPostern, startPostern, writeFiles} from '../support/postern.ts';
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

  const explained = async (id: string) => {
    const {status, body} = await get(`/decisions/${id}/explanation`);
    assert.equal(status, 200, JSON.stringify(body));
    return body as unknown as {
      decided: {decision: string};
      same: boolean;
      rules: {rule: string; matched: boolean}[];
      places: {place: string; held: string}[];
      provider?: {provider: string; verdict: string; reason?: string};
      requirements: {part: string; met: boolean; wanted: unknown; got: unknown}[];
      decision: {outcome: string; reason?: string; rule?: string; detail?: string};
    };
  };
  const place = 'header:authorization:bearer';
  const again: [what: string, path: string, bearer: () => Promise<string | undefined>, steps: object][] = [
    [
      'of a missing role, without its token',
      '/orgs/acme/admin',
      () => identityProvider.sign({sub: 'alice', org_id: 'acme', roles: ['viewer']}),
      {
        places: [{place, held: 'value', accepted: [{provider: 'acme', accepts: true}]}],
        requirements: [
          {part: 'tenant', wanted: 'acme', got: 'acme', met: true},
          {part: 'roles', wanted: {any: ['admin']}, got: ['viewer'], met: false},
        ],
        reason: 'missing_role',
      },
    ],
    [
      'of a token that was late',
      '/orgs/acme/admin',
      () => identityProvider.sign({sub: 'alice', org_id: 'acme', exp: 1_000}),
      {
        places: [{place, held: 'value', accepted: [{provider: 'acme', accepts: true}]}],
        requirements: [],
        reason: 'token_expired',
      },
    ],
    [
      'of a token that nobody takes',
      '/orgs/acme/admin',
      () => identityProvider.sign({sub: 'alice', iss: 'https://else.example'}),
      {
        places: [{place, held: 'value', accepted: [{provider: 'acme', accepts: false}]}],
        requirements: [],
        reason: 'unsupported_credential',
      },
    ],
    [
      'of no credential',
      '/orgs/acme/admin',
      async () => undefined,
      {places: [{place, held: 'nothing', accepted: []}], requirements: [], reason: 'no_credential'},
    ],
    ['of no rule', '/nowhere', async () => undefined, {places: [], requirements: [], reason: 'no_rule'}],
    ['of an open door', '/open', async () => undefined, {places: [], requirements: [], reason: undefined}],
  ];
  for (const [what, path, bearer, steps] of again) {
    it(`explain a decision again: ${what}`, async () => {
      await ask(path, await bearer());
      const {decisions} = await listed('?limit=1');
      const told = await explained(decisions[0]?.decision ?? '');
      assert.deepEqual({places: told.places, requirements: told.requirements, reason: told.decision.reason}, steps);
      assert.deepEqual([told.same, told.decided], [true, decisions[0]]);
      assert.doesNotMatch(JSON.stringify(told), /eyJ/);
    });
  }

  it('say so if it would be decided otherwise now', async () => {
    await ask('/orgs/acme/admin', await identityProvider.sign({sub: 'eve', org_id: 'acme', roles: ['admin']}));
    const {decisions} = await listed('?limit=1');
    const id = decisions[0]?.decision ?? '';
    assert.equal((await explained(id)).same, true);
    const headers = {authorization: `Bearer ${token}`};
    await fetch(`${postern.adminUrl}/revocations`, {method: 'POST', headers, body: '{"subject":"eve"}'});
    const told = await explained(id);
    assert.deepEqual([told.same, told.decision.outcome, told.decision.reason], [false, 'deny', 'revoked']);
  });

  const explain = async (body: unknown) => {
    const answer = await fetch(`${postern.adminUrl}/explain`, {
      method: 'POST',
      headers: {authorization: `Bearer ${token}`},
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return {
      status: answer.status,
      told: (await answer.json()) as Awaited<ReturnType<typeof explained>> & {detail: string},
    };
  };

  it('explain a request that is typed in: with a token, with claims, as curl; and count nothing', async () => {
    const bearer = await identityProvider.sign({sub: 'bob', org_id: 'acme', roles: ['viewer']});
    const before = await Promise.all([
      postern.metric('postern_decisions_total{rule="admins",outcome="deny",reason="missing_role",provider="acme"}'),
      postern.metric('postern_authentications_total{provider="acme",credential="header",result="verified"}'),
    ]);
    const {kept} = await listed('');
    const rows: [body: object, outcome: string, reason: string | undefined][] = [
      [{path: '/open'}, 'allow', undefined],
      [{path: '/orgs/acme/admin', token: bearer}, 'deny', 'missing_role'],
      [{path: '/orgs/acme/admin', headers: {Authorization: [`Bearer ${bearer}`]}}, 'deny', 'missing_role'],
      [{curl: `curl https://localhost/orgs/acme/admin -H 'authorization: Bearer ${bearer}'`}, 'deny', 'missing_role'],
      [{path: '/orgs/acme/admin', claims: {sub: 'ann', org_id: 'acme', roles: ['admin']}}, 'allow', undefined],
      [{path: '/orgs/acme/admin', claims: {sub: 'eve', org_id: 'acme', iat: 'now-60'}}, 'deny', 'revoked'],
      [{path: '/orgs/acme/admin', token: bearer, at: '2099-01-01T00:00:00Z'}, 'deny', 'token_expired'],
      [{path: 'https://else.example/a//b'}, 'deny', 'ambiguous_path'],
    ];
    for (const [body, outcome, reason] of rows) {
      const {status, told} = await explain(body);
      assert.deepEqual(
        [status, told.decision?.outcome, told.decision?.reason],
        [200, outcome, reason],
        JSON.stringify(told),
      );
      assert.doesNotMatch(JSON.stringify(told), /eyJ/);
    }
    assert.equal((await listed('')).kept, kept);
    assert.deepEqual(
      await Promise.all([
        postern.metric('postern_decisions_total{rule="admins",outcome="deny",reason="missing_role",provider="acme"}'),
        postern.metric('postern_authentications_total{provider="acme",credential="header",result="verified"}'),
      ]),
      before,
    );
  });

  const typos: [body: unknown, detail: RegExp][] = [
    ['nonsense', /not a JSON object/],
    ['[]', /not a JSON object/],
    [{}, /Give path \(and method\), or curl/],
    [{path: '/', curl: 'curl a.example'}, /one of them/],
    [{pth: '/'}, /unknown key "pth"; did you mean "path"\?/],
    [{path: 7}, /path is not a text/],
    [{path: '/', headers: 7}, /headers is neither/],
    [{path: '/', headers: ['nothing']}, /"nothing" has no colon/],
    [{path: '/', headers: {a: 7}}, /headers is neither/],
    [{path: '/', claims: 'alice'}, /claims is not an object/],
    [{path: '/', claims: {}, token: 'x'}, /take one of the two out/],
    [{path: '/', claims: {}, provider: 'nobody'}, /provider "nobody" is none that takes JWTs; those are acme/],
    [{path: '/', at: 'soon'}, /at is not a time/],
    [{curl: 'wget a.example'}, /must begin with curl/],
    [{curl: "curl 'a.example"}, /not closed/],
  ];
  for (const [body, detail] of typos) {
    it(`explain ${JSON.stringify(body)}: ${detail.source}`, async () => {
      const {status, told} = await explain(body);
      assert.deepEqual([status, detail.test(told.detail)], [400, true], JSON.stringify(told));
    });
  }

  describe('postern explain --decision', () => {
    const explainDecision = (...args: string[]) =>
      runPostern(['explain', '-c', join(postern.folder, 'postern.yaml'), ...args]);
    const lastId = async () => (await listed('?limit=1')).decisions[0]?.decision ?? '';

    it('tells why a request was refused, with the id that its answer carries', async () => {
      const bearer = await identityProvider.sign({sub: 'bob', org_id: 'acme', roles: ['viewer']});
      const answer = await ask('/orgs/acme/admin', bearer);
      const {decision: id} = JSON.parse(answer.deniedResponse?.body ?? '{}') as {decision: string};
      const {code, output} = await explainDecision('--decision', id);
      assert.equal(code, 1, output);
      for (const told of [
        /decided\n {2}20\S+Z, in [\d.]+ ms\n {2}deny: missing_role, by the rule admins\n {2}role: wanted "admin"/,
        /it would be decided the same now/,
        /GET localhost \/orgs\/acme\/admin/,
        /open: no, path differs/,
        /header:authorization:bearer: acme vouches for it/,
        /user bob of tenant acme\n {2}roles: viewer/,
        /roles: wanted \{"any":\["admin"\]\}, got \["viewer"\]/,
        /deny: missing_role, status 403/,
      ])
        assert.match(output, told);
      assert.doesNotMatch(output, /eyJ/);
    });
    it('ends with 0 for what was let through, also as JSON', async () => {
      await ask('/open');
      const {code, output} = await explainDecision('--decision', await lastId(), '--json');
      assert.deepEqual([code, JSON.parse(output).decision], [0, {outcome: 'allow', rule: 'open'}]);
    });
    const faults: [args: string[], told: RegExp][] = [
      [['--decision', 'none'], /answered 404: This decision is not kept/],
      [['--decision', '../x'], /"..\/x" is no id/],
      [['--decision', 'x', 'GET', '/'], /leave out what names another request/],
      [['--decision', 'x', '--at', '2027-01-31T12:00:00Z'], /leave out what names another request/],
    ];
    for (const [args, told] of faults) {
      it(`${args.join(' ')}: ${told.source}`, async () => {
        const {code, output} = await explainDecision(...args);
        assert.deepEqual([code, told.test(output)], [2, true], output);
      });
    }
    it('needs the token, and a process that runs', async () => {
      const folder = temporaryFolder();
      const config = join(folder, 'postern.yaml');
      const port = await freePort();
      const told = async (admin: object) => {
        writeFiles(folder, {
          'postern.yaml': {rules: rules.slice(0, 1), admin: {listen: `127.0.0.1:${port}`, ...admin}},
        });
        const {code, output} = await runPostern(['explain', '-c', config, '--decision', 'x']);
        return `${code} ${output}`;
      };
      assert.match(await told({}), /^2 .*needs `admin\.token`: write a long random text/);
      assert.match(await told({token}), /^2 .*is Postern running\?/);
    });
  });

  it('ask for the admin token', async () => {
    for (const path of ['/decisions', '/decisions/x', '/decisions/x/explanation', '/decisions/stream'])
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
    for (const path of ['/decisions', '/decisions/x', '/decisions/x/explanation', '/decisions/stream']) {
      const answer = await fetch(`${postern.adminUrl}${path}`, {headers: {authorization: `Bearer ${token}`}});
      assert.deepEqual([answer.status, /admin\.decisions is 0/.test(await answer.text())], [404, true], path);
    }
    await postern.stop();
  });
});

describe('an explanation of what was bought', () => {
  it('names the plan, and the source with its age', async () => {
    const identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
    const entitlements = {features: {f: {}}, plans: {pro: {features: ['f']}}, grants: [{plan: 'pro', tenant: 'acme'}]};
    const postern = await startPostern(
      {
        admin: {token},
        providers: [acme(identityProvider.issuer)],
        rules: [{name: 'r', match: {path: '/r'}, require: {features: ['f']}}],
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
      },
      {files: {'entitlements.yaml': entitlements}},
    );
    const bearer = await identityProvider.sign({sub: 'alice', org_id: 'acme'});
    const answer = await fetch(`${postern.adminUrl}/explain`, {
      method: 'POST',
      headers: {authorization: `Bearer ${token}`},
      body: JSON.stringify({path: '/r', token: bearer}),
    });
    const [step] = ((await answer.json()) as {entitlements: Record<string, unknown>[]}).entitlements;
    assert.deepEqual([step?.layer, step?.grants], ['memory', [{plan: 'pro', of: 'tenant', end: null}]]);
    assert.match(String(step?.source), /entitlements\.yaml$/);
    assert.equal(typeof step?.age, 'number');
    await postern.stop();
    await identityProvider.stop();
  });
});
