// postern test --record: decisions of a running Postern become cases, which are green at once, and hold no secret.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse, stringify} from 'yaml';
import {recordedOf} from '../../src/commands/test/record/caseOf.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type IdentityProvider, startIdentityProvider} from '../support/identityProvider.ts';
import {temporaryFolder} from '../support/ports.ts';
import {type Postern, runPostern, startPostern, writeFiles} from '../support/postern.ts';
import {acme, people} from '../support/stage.ts';

const token = 'a-token-of-tests';
const canary = 'canary-77ab';

const rules = [
  {name: 'open', match: {path: '/open/**'}, public: true},
  {name: 'closed', match: {path: '/closed'}, deny: true},
  {name: 'guests', match: {path: '/guests'}, public: 'identify'},
  {name: 'admins', match: {path: '/orgs/{org}/admin'}, require: {tenant: '{org}', roles: ['admin']}},
  {
    name: 'orders',
    match: {methods: ['GET'], path: '/orders/**'},
    require: {permissions: ['orders.read'], scopes: ['orders']},
  },
  {name: 'people', match: {path: '/people'}, require: {kind: 'user', stepUp: {maxAge: '5m'}}},
  {name: 'reports', match: {path: '/reports'}, require: {features: ['reports']}},
  {
    name: 'regional',
    match: {path: '/regional'},
    attributes: {region: {header: 'x-region'}, plan: {claim: 'plan.name'}},
    require: {features: ['regional']},
  },
  {name: 'tried', match: {path: '/tried'}, require: {roles: ['owner']}, shadow: true},
  {
    name: 'spelt',
    match: {path: '/spelt'},
    require: {when: `request["headers"][r'x-region'] == "eu" && "a.b" in claims && claims["a.b"] == 1`},
  },
  {
    name: 'paid',
    match: {path: '/paid'},
    require: {when: `claims.plan.name == "gold" && request.headers["x-region"] == "eu"`},
  },
];
const entitlements = {
  features: {reports: {}, regional: {}},
  plans: {
    pro: {features: ['reports']},
    eu: {
      features: ['regional'],
      rules: [{conditions: [{attribute: 'region', op: 'in_list', value: {list: ['eu']}}], treatment: true}],
    },
  },
  grants: [{plan: 'pro', tenant: 'acme'}],
};

describe('postern test --record', function () {
  this.timeout(120_000);
  let identityProvider: IdentityProvider;
  let postern: Postern;
  let client: CheckClient;
  let config: string;

  before(async () => {
    identityProvider = await startIdentityProvider({people, audience: 'orders-api'});
    postern = await startPostern(
      {
        admin: {token},
        providers: [acme(identityProvider.issuer)],
        rules,
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
        log: {decisions: {which: 'all', replay: true}},
      },
      {files: {'entitlements.yaml': entitlements}},
    );
    config = join(postern.folder, 'postern.yaml');
    client = makeCheckClient(postern.address);
    const now = Math.floor(Date.now() / 1_000);
    const ask = async (path: string, claims?: object, more: {method?: string; headers?: [string, string][]} = {}) => {
      const headers = [...(more.headers ?? [])];
      if (claims !== undefined)
        headers.push(['authorization', `Bearer ${await identityProvider.sign({iat: now, exp: now + 600, ...claims})}`]);
      await client.check(checkRequestOf({...more, path, headers: [...headers, ['cookie', `sid=${canary}`]]}));
    };
    const alice = {sub: 'alice', org_id: 'acme', roles: ['admin'], permissions: ['orders.read'], scope: 'orders'};
    for (const path of [`/open/x?token=${canary}`, '/closed', '/guests', '/orgs/acme/admin', '/orgs/other/admin']) {
      await ask(path);
      await ask(path, alice);
      await ask(path, {...alice, roles: ['viewer']});
    }
    await ask('/orders/1', alice);
    await ask('/orders/1', alice);
    await ask('/orders/1', {...alice, permissions: []});
    await ask('/orders/1', {...alice, scope: 'other'});
    await ask('/orders/1', alice, {method: 'DELETE'});
    await ask('/people', {...alice, auth_time: now - 10});
    await ask('/people', {...alice, auth_time: now - 3_000});
    await ask('/people', {...alice, client_id: 'alice'});
    await ask('/reports', alice);
    await ask('/reports', {...alice, org_id: 'poor'});
    await ask('/regional', alice, {headers: [['x-region', 'eu']]});
    await ask('/regional', alice, {headers: [['x-region', 'us']]});
    await ask('/tried', alice);
    await ask('/spelt', {...alice, 'a.b': 1}, {headers: [['x-region', 'eu']]});
    await ask('/spelt', {...alice, a: {b: 1}}, {headers: [['x-region', 'eu']]});
    await ask('/paid', {...alice, plan: {name: 'gold'}, secret: canary}, {headers: [['x-region', 'eu']]});
    await ask('/paid', {...alice, plan: {name: 'tin'}}, {headers: [['x-region', 'eu']]});
    await ask('/orders/1', {...alice, exp: now - 600, iat: now - 700});
    await ask('/orders/1', {...alice, aud: 'else'});
    await ask('/orders/1', {...alice, iss: 'https://else.example'});
    await ask('/orders/1', undefined, {headers: [['authorization', 'Bearer nonsense']]});
    await ask('/orders/1', undefined, {
      headers: [
        ['authorization', 'Bearer a'],
        ['authorization', 'Bearer b'],
      ],
    });
    await ask('/orders//1', alice);
    await ask(`/open/;jsessionid=${canary}`);
    const headers = {authorization: `Bearer ${token}`};
    await fetch(`${postern.adminUrl}/revocations`, {method: 'POST', headers, body: '{"subject":"mallory"}'});
    await ask('/orders/1', {...alice, sub: 'mallory', iat: now - 60});
  });
  after(async () => {
    client?.close();
    await postern?.stop();
    await identityProvider.stop();
  });

  const record = async (from: string, of = config) => {
    const {code, output} = await runPostern(['test', '-c', of, '--record', from]);
    assert.equal(code, 0, output);
    // Standard error comes first or last, as it likes.
    const summary = output.match(/\d+ cases from \d+ decisions\n( {2}left out .*\n)*/)?.[0] ?? '';
    return {yaml: output.replace(summary, ''), summary};
  };
  const run = async (yaml: string, of = config) => {
    const file = join(temporaryFolder(), 'recorded.yaml');
    writeFileSync(file, yaml);
    return runPostern(['test', '-c', of, file]);
  };

  const ways: [what: string, from: () => string][] = [
    [
      'of a log',
      () => {
        const file = join(temporaryFolder(), 'decisions.jsonl');
        writeFileSync(file, postern.logs());
        return file;
      },
    ],
    ['of the running process', () => 'admin'],
    ['of an address', () => postern.adminUrl],
  ];
  for (const [what, from] of ways) {
    it(`${what}: every decision is a case, and all are green`, async () => {
      const {yaml, summary} = await record(from());
      assert.match(summary, /^34 cases from 40 decisions\n {2}left out 1: something of its path was left out/, summary);
      assert.doesNotMatch(yaml, new RegExp(`${canary}|eyJ`));
      const {code, output} = await run(yaml);
      assert.deepEqual([code, /34 passed, 0 failed/.test(output)], [0, true], output);
      const {cases} = parse(yaml) as {cases: {it: string; expect: {reason?: string}}[]};
      assert.ok(cases.some(({it: name}) => name === 'GET localhost/orders/1: alice of acme is allowed, 2 times'));
      const reasons = new Set(cases.map(({expect}) => expect.reason));
      for (const reason of [
        'revoked',
        'token_expired',
        'wrong_audience',
        'unsupported_credential',
        'malformed_credential',
        'duplicate_credential',
        'missing_feature',
        'step_up_required',
        'wrong_kind',
        'ambiguous_path',
        'condition_failed',
        'missing_role',
      ])
        assert.ok(reasons.has(reason), `${reason} in ${[...reasons]}`);
    });
  }

  it('where what was bought is not in a file, it is told by what was decided', async () => {
    const {yaml: all} = await record('admin');
    const settings = {...(parse(stringify({rules})) as object), providers: [acme(identityProvider.issuer)]};
    const elsewhere = join(temporaryFolder(), 'postern.yaml');
    const http = {entitlements: {source: {type: 'http', url: 'https://bought.example/all'}}};
    const [, port = ''] = /:(\d+)$/.exec(postern.adminUrl) ?? [];
    writeFileSync(elsewhere, stringify({...settings, ...http, admin: {token, listen: `127.0.0.1:${port}`}}));
    const {yaml} = await record('admin', elsewhere);
    const {grants} = (parse(yaml) as {entitlements: {grants: object[]}}).entitlements;
    assert.ok(grants.length > 0 && !all.includes('entitlements:'), JSON.stringify(grants));
    const {code, output} = await run(yaml, elsewhere);
    assert.deepEqual([code, /passed, 0 failed/.test(output)], [0, true], output);
  });

  it('leaves out what the configuration decides otherwise by now, and says so', async () => {
    const changed = join(postern.folder, 'changed.yaml');
    const text = parse(await import('node:fs').then(({readFileSync}) => readFileSync(config, 'utf8'))) as {
      rules: object[];
    };
    writeFileSync(changed, stringify({...text, rules: text.rules.slice(1)}));
    const {summary} = await record('admin', changed);
    assert.match(summary, /left out 3: this configuration decides it otherwise: .*\(decision [0-9a-f-]{36}\)/);
  });

  const faults: [what: string, lines: string[], told: RegExp][] = [
    ['no JSON', ['{"level":"info"}', 'nonsense'], /decisions\.jsonl:2: is not JSON: .*a JSON object a line/],
    ['a list', ['[1]'], /decisions\.jsonl:1: is no JSON object/],
    [
      'another version',
      ['{"v":2,"decision":"d","outcome":"allow"}'],
      /:1: is of version 2, and this Postern reads version 1/,
    ],
    ['a field of another kind', ['', '{"decision":"d","outcome":"allow","time":7,"duration_ms":1}'], /:2: time: /],
    ['another outcome', ['{"decision":"d","outcome":"maybe","time":"t","duration_ms":1}'], /:1: outcome: /],
    ['nothing', ['{"level":"info","message":"Postern answers"}'], /holds no decision; does log\.decisions write any\?/],
  ];
  for (const [what, lines, told] of faults) {
    it(`a log with ${what}: ${told.source}`, async () => {
      const folder = temporaryFolder();
      writeFiles(folder, {'postern.yaml': {rules: rules.slice(0, 1)}, 'decisions.jsonl': lines.join('\n')});
      const at = (name: string) => join(folder, name);
      const {code, output} = await runPostern(['test', '-c', at('postern.yaml'), '--record', at('decisions.jsonl')]);
      assert.deepEqual([code, told.test(output)], [1, true], output);
    });
  }

  const left: [line: object, why: RegExp][] = [
    [{outcome: 'error', reason: 'unavailable'}, /outage/],
    [{outcome: 'allow', subject: 'alice'}, /set log\.decisions\.replay/],
    [{outcome: 'deny', reason: 'malformed_request'}, /before any rule/],
    [{outcome: 'allow', replay: {connection: true}}, /connection/],
    [{outcome: 'allow', path: '/a/;…'}, /path/],
  ];
  for (const [line, why] of left) {
    it(`${JSON.stringify(line)} is left out: ${why.source}`, () => {
      const whole = {v: 1, decision: 'd', time: '2027-01-31T12:00:00Z', duration_ms: 1, ...line};
      const made = recordedOf({where: 'here', line: whole as never});
      assert.match('left' in made ? made.left : '', why);
    });
  }
});
