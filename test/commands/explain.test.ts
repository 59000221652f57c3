// postern explain: the ways in which a request is named, what is told of it, and what is never told.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {readCurl} from '../../src/commands/explain/curl.ts';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern, writeFiles} from '../support/postern.ts';
import {acme} from '../support/stage.ts';

describe('a curl command', () => {
  const rows: [command: string, method: string, host: string, target: string, headers: [string, string][]][] = [
    ['curl https://api.acme.example/orders?x=1', 'GET', 'api.acme.example', '/orders?x=1', []],
    ["curl 'http://localhost:8080'", 'GET', 'localhost:8080', '/', []],
    ['curl -XPOST api.acme.example/a -H "X-A: b c"', 'POST', 'api.acme.example', '/a', [['X-A', 'b c']]],
    ["curl --request=DELETE https://a.example/x --header='a:  b'", 'DELETE', 'a.example', '/x', [['a', 'b']]],
    [
      "curl https://a.example/x \\\n  -H 'a: it'\\''s' \\\r\n  --data-raw '{\"k\":1}'",
      'POST',
      'a.example',
      '/x',
      [['a', "it's"]],
    ],
    ['curl -G -d q=1 https://a.example/x', 'GET', 'a.example', '/x', []],
    [
      'curl -s -o /dev/null -b "sid=1; b=2" https://u:p@a.example/x#frag',
      'GET',
      'a.example',
      '/x',
      [['cookie', 'sid=1; b=2']],
    ],
    ['curl -u me:secret a.example', 'GET', 'a.example', '/', [['authorization', 'Basic bWU6c2VjcmV0']]],
    [
      'curl --oauth2-bearer t -I https://a.example/..%2fx',
      'HEAD',
      'a.example',
      '/..%2fx',
      [['authorization', 'Bearer t']],
    ],
    ["curl $'https://a.example/x' --max-time 3", 'GET', 'a.example', '/x', []],
  ];
  for (const [command, method, host, target, headers] of rows) {
    it(command, () => {
      const read = readCurl(command);
      assert.deepEqual([read.method, read.host, read.target, read.headers], [method, host, target, headers]);
    });
  }
  const faults: [command: string, told: RegExp][] = [
    ['wget https://a.example', /must begin with curl/],
    ['curl -H', /-H has no value; was the command cut off\?/],
    ["curl 'https://a.example", /a quote ' is not closed/],
    ['curl -s', /names no address/],
    ['curl -H nothing a.example', /"nothing" has no colon/],
  ];
  for (const [command, told] of faults)
    it(`${command}: ${told.source}`, () => assert.throws(() => readCurl(command), told));
});

describe('postern explain', () => {
  const settings = {
    providers: [acme('https://id.acme.example')],
    rules: [
      {name: 'admin', match: {hosts: ['admin.example'], path: '/**'}, deny: true},
      {
        name: 'read',
        match: {methods: ['GET'], path: '/orgs/{org}/**'},
        require: {tenant: '{org}', roles: ['reader'], features: ['orders']},
      },
      {name: 'write', match: {methods: ['POST'], path: '/orgs/{org}/**'}, require: {roles: ['writer']}},
    ],
    entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
    responses: {identity: {'x-auth-subject': 'subject'}},
  };
  const entitlements = {
    features: {orders: {}},
    plans: {pro: {features: ['orders']}},
    grants: [{plan: 'pro', tenant: 't1'}],
  };
  const alice = JSON.stringify({sub: 'alice', org_id: 't1', roles: ['reader']});
  const explain = async (...args: string[]) => {
    const folder = temporaryFolder();
    const check = {
      attributes: {request: {http: {method: 'GET', host: 'admin.example', path: '/x', headers: {a: 'b'}}}},
    };
    writeFiles(folder, {
      'postern.yaml': settings,
      'entitlements.yaml': entitlements,
      'check.json': JSON.stringify(check),
    });
    const filled = args.map((arg) => arg.replace('{folder}', folder));
    const {code, output} = await runPostern(['explain', '-c', join(folder, 'postern.yaml'), ...filled]);
    return {code, output: output.replaceAll(folder, '')};
  };

  it('tells each step of an allow', async () => {
    const {code, output} = await explain('GET', '/orgs/t1/x', '--claims', alice);
    for (const line of [
      'admin: no, host differs',
      'read: matches',
      'header:authorization:bearer: acme vouches for it',
      'user alice of tenant t1',
      'tenant: wanted "t1", got "t1"',
      'feature orders: live',
      'plan pro, granted to the tenant without an end',
      'allow, by the rule read',
      'sets x-auth-subject: alice',
    ]) {
      assert.ok(output.includes(line), `${line}\n${output}`);
    }
    assert.equal(code, 0);
  });

  it('tells what was wanted and what came, and ends with 1', async () => {
    const {code, output} = await explain('POST', '/orgs/t1/x', '--claims', alice);
    assert.match(output, /read: no, method differs\n[\s\S]*roles: wanted \{"any":\["writer"\]\}, got \["reader"\]\n/);
    assert.match(output, /deny: missing_role, status 403\n/);
    assert.equal(code, 1);
  });

  const unclear: [args: string[], told: RegExp][] = [
    [
      [
        'GET',
        '/orgs/t1/x',
        '--token',
        'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmFjbWUuZXhhbXBsZSJ9.AAAA',
        '--offline',
        '--entitlements',
        '/none',
      ],
      /\/none: the entitlements cannot be read/,
    ],
    [[], /Give METHOD PATH, or --curl COMMAND/],
    [['GET', '/x', '--curl', 'curl a.example'], /one of them/],
    [['/x', '--claims', '{'], /--claims: is not a JSON object/],
    [['/x', '--claims', '{}', '--at', 'now'], /--at: "now" is not a time/],
    [['/x', '--claims', '{}', '--provider', 'acne'], /the provider "acne" is none that takes JWTs; those are acme/],
    [['--check-request', '{folder}/postern.yaml'], /is not JSON/],
    [
      ['/x', '--token', '{folder}/postern.yaml'],
      /^--token: \S*\/postern\.yaml is a file: write @\S*\/postern\.yaml to take what is in it\n$/,
    ],
  ];
  for (const [args, told] of unclear) {
    it(`ends with 2 where it cannot be said: ${told.source}`, async () => {
      const {code, output} = await explain(...args);
      assert.match(output, told);
      assert.equal(code, 2, output);
    });
  }

  it('compares issuers only of what has one', async () => {
    const {output} = await explain('GET', '/orgs/t1/x', '--offline', '--token', 'sk_live_1');
    assert.match(output, /holds a credential that no provider accepts \(acme\)\n/);
    assert.doesNotMatch(output, /compare its iss/);
    const of = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const other = `${of({alg: 'RS256'})}.${of({iss: 'https://other.example'})}.AAAA`;
    assert.match((await explain('GET', '/orgs/t1/x', '--offline', '--token', other)).output, /compare its iss/);
  });

  it('reads a CheckRequest and a curl command', async () => {
    const check = await explain('--check-request', '{folder}/check.json', '--offline');
    assert.match(check.output, /admin: matches\n[\s\S]*deny: denied_by_rule/);
    const curl = await explain('--offline', '--curl', "curl 'https://admin.example/x'");
    assert.match(curl.output, /GET admin\.example \/x\n[\s\S]*deny: denied_by_rule/);
  });

  for (const form of [[], ['--json']]) {
    it(`never prints a whole token ${form}`, async () => {
      const signature = 'c2lnbmF0dXJlLWNhbmFyeQ';
      const claims = Buffer.from('{"iss":"https://id.acme.example","sub":"alice"}').toString('base64url');
      const token = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${claims}.${signature}`;
      const {output} = await explain('GET', '/orgs/t1/x', '--offline', '--token', token, ...form);
      assert.ok(!output.includes(signature), output);
      assert.ok(!output.includes(claims), output);
    });
  }
});
