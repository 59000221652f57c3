// postern test: the project's own cases come out as they do over gRPC and behind Envoy; reports, coverage and faults.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {readCaseFile} from '../../src/commands/test/caseFile.ts';
import {runCases} from '../../src/commands/test/run.ts';
import {loadSettings} from '../../src/config/load.ts';
import {readDocument} from '../../src/entitlements/document.ts';
import {temporaryFolder} from '../support/ports.ts';
import {runPostern, writeFiles} from '../support/postern.ts';
import {start} from '../support/processes.ts';
import {acme} from '../support/stage.ts';

const issuer = 'https://id.acme.example';
const own = join(import.meta.dirname, '../cases');

describe('postern test', () => {
  for (const name of readdirSync(own)) {
    it(`decides test/cases/${name} as the program does`, async () => {
      const content = readFileSync(join(own, name), 'utf8').replaceAll('{issuer}', issuer);
      const read = readCaseFile(content, name);
      assert.ok('cases' in read, JSON.stringify(read));
      const folder = temporaryFolder();
      const {settings, entitlements} = read.cases;
      writeFiles(folder, {
        'postern.yaml': {providers: [acme(issuer)], ...settings},
        ...(entitlements !== undefined && {'entitlements.yaml': entitlements as object}),
      });
      const loaded = await loadSettings(join(folder, 'postern.yaml'));
      assert.ok(loaded.settings, JSON.stringify(loaded.errors));
      const known = entitlements === undefined ? undefined : await readDocument(entitlements);
      const snapshot = known !== undefined && 'snapshot' in known ? known.snapshot : undefined;
      // Envoy itself refuses or changes some requests; what it does is no part of a decision.
      const cases = read.cases.cases.filter(({via}) => via === undefined || via.includes('process'));
      const results = await runCases(loaded, {...read.cases, cases}, {now: Date.now(), snapshot});
      assert.ok(results.length > 5);
      assert.deepEqual(
        results.filter(({differences}) => differences.length > 0).map(({it: what, differences}) => [what, differences]),
        [],
      );
    });
  }
});

describe('postern test, as it is typed', () => {
  const settings = {
    providers: [acme(issuer)],
    rules: [
      {name: 'open', match: {path: '/open'}, public: true},
      {
        name: 'read',
        match: {path: '/orgs/{org}/**'},
        require: {tenant: '{org}', roles: ['reader'], features: ['orders']},
      },
    ],
    entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
    responses: {identity: {'x-auth-subject': 'subject'}},
  };
  const entitlements = {
    features: {orders: {}},
    plans: {pro: {features: ['orders']}},
    grants: [{plan: 'pro', tenant: 't1'}],
  };
  const cases = {
    title: 'what our rules say',
    at: '2027-01-31T12:00:00Z',
    tokens: {alice: {sub: 'alice', org_id: 't1', roles: ['reader']}, over: {exp: 'now-60'}},
    principals: {bob: {provider: 'acme', subject: 'bob', tenant: 't2', roles: ['reader']}},
    revocations: [{subject: 'gone'}],
    cases: [
      {it: 'open', path: '/open', expect: {outcome: 'allow', rule: 'open'}},
      {
        it: 'alice',
        path: '/orgs/t1/x',
        token: 'alice',
        expect: {outcome: 'allow', identity: {'x-auth-subject': 'alice'}},
      },
      {it: 'over', path: '/orgs/t1/x', token: 'over', expect: {outcome: 'deny', reason: 'token_expired', status: 401}},
      {it: 'not bought', path: '/orgs/t2/x', principal: 'bob', expect: {outcome: 'deny', reason: 'missing_feature'}},
      {it: 'nobody', path: '/else', expect: {outcome: 'deny', rule: null}},
    ],
  };
  const run = async (given: object, args: readonly string[] = []) => {
    const folder = temporaryFolder();
    writeFiles(folder, {'postern.yaml': settings, 'entitlements.yaml': entitlements, 'cases.yaml': given});
    const file = (name: string) => join(folder, name);
    const {code, output} = await runPostern(['test', '-c', file('postern.yaml'), file('cases.yaml'), ...args]);
    return {code, output: output.replaceAll(folder, '')};
  };

  it('passes, and says so', async () => {
    const {code, output} = await run(cases);
    assert.match(output, /^what our rules say\n {2}ok {4}open\n[\s\S]*\n5 passed, 0 failed\n$/);
    assert.equal(code, 0);
  });

  it('says what was expected, what came and why, with the place', async () => {
    const wrong = {...cases, cases: [{...cases.cases[3], expect: {outcome: 'allow'}}, cases.cases[0]]};
    const {code, output} = await run(wrong);
    assert.match(output, /FAIL {2}not bought\n {8}\/cases\.yaml:\d+\n {8}outcome: expected "allow", got "deny"\n/);
    assert.match(output, /\(missing_feature: The plan does not include this feature/);
    assert.match(output, /1 passed, 1 failed\n$/);
    assert.equal(code, 1);
  });

  it('counts what no case has tried', async () => {
    const {code, output} = await run(cases, ['--coverage', '--min-coverage', '90']);
    assert.match(output, /not tried: rule read: tenant unmet\n/);
    assert.doesNotMatch(output, /not tried: rule read: features/);
    assert.match(output, /reasons given: missing_feature 1, no_rule 1, token_expired 1\n/);
    assert.match(output, /coverage is 75 %, and --min-coverage wants 90 %/);
    assert.equal(code, 1);
  });

  it('writes TAP and JUnit', async () => {
    const wrong = {...cases, cases: [{...cases.cases[0], it: 'a # <b> & "c"', expect: {outcome: 'deny'}}]};
    const tap = await run(wrong, ['--format', 'tap']);
    assert.match(tap.output, /^TAP version 14\n1\.\.1\nnot ok 1 - a \\# <b> & "c"\n {2}---\n/);
    const junit = await run(wrong, ['--format', 'junit']);
    assert.match(junit.output, /<testsuites tests="1" failures="1">/);
    assert.match(junit.output, /name="a # &lt;b&gt; &amp; &quot;c&quot;"/);
  });

  const faults: [what: string, given: object, told: RegExp][] = [
    [
      'a case without expectation',
      {cases: [{it: 'x'}]},
      /cases\.yaml:\d+:\d+: cases\[0\]\.expect: is required; add it/,
    ],
    [
      'a misspelt key',
      {cases: [{it: 'x', pth: '/', expect: {outcome: 'allow'}}]},
      /pth: is not a setting; did you mean "path"/,
    ],
    ['no case', {cases: []}, /cases: is an empty list/],
    [
      'an unknown token',
      {cases: [{it: 'x', token: 'al', expect: {outcome: 'allow'}}]},
      /there is no token "al" under tokens/,
    ],
    [
      'an unknown outcome',
      {cases: [{it: 'x', expect: {outcome: 'alow'}}]},
      /must be allow, deny or error; did you mean "allow"/,
    ],
    [
      'bad entitlements',
      {...cases, entitlements: {plans: {a: {features: ['x']}}}},
      /entitlements: plans\.a\.features\[0\]: there is no feature "x"/,
    ],
    [
      'an unknown provider',
      {...cases, tokens: {alice: {$provider: 'acne'}, over: {}}},
      /the provider "acne" is none that takes JWTs; those are acme/,
    ],
    ['a revocation of everybody', {...cases, revocations: [{}]}, /revocations\[0\] selects nobody in particular/],
  ];
  for (const [what, given, told] of faults) {
    it(`${what}: ${told.source}`, async () => {
      const {code, output} = await run(given);
      assert.match(output, told);
      assert.equal(code, 1);
    });
  }
});

describe('docs/guides/ask.md', () => {
  it('shows a file of cases that passes with the example', async () => {
    const root = join(import.meta.dirname, '../..');
    const [, block] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/guides/ask.md'), 'utf8')) ?? [];
    const folder = temporaryFolder();
    writeFiles(folder, {'cases.yaml': block ?? ''});
    const {code, output} = await runPostern([
      'test',
      '-c',
      join(root, 'examples/postern.yaml'),
      join(folder, 'cases.yaml'),
    ]);
    assert.match(output, /5 passed, 0 failed/);
    assert.equal(code, 0);
  });
});

describe('postern test --watch', function () {
  this.timeout(60_000);
  it('runs again when the configuration, cases or entitlements change, also after a mistake; Ctrl-C ends it', async () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const settings = (roles: string[]) => ({
      providers: [acme(issuer)],
      rules: [{name: 'r', match: {path: '/r'}, require: {roles, features: ['f']}}],
      entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
    });
    const bought = (tenant: string) => ({
      features: {f: {}},
      plans: {p: {features: ['f']}},
      grants: [{plan: 'p', tenant}],
    });
    const principals = {ann: {provider: 'acme', subject: 'ann', tenant: 't1', roles: ['admin']}};
    const cases = {
      principals,
      cases: [{it: 'ann is let in', path: '/r', principal: 'ann', expect: {outcome: 'allow'}}],
    };
    writeFiles(folder, {'postern.yaml': settings(['admin']), 'entitlements.yaml': bought('t1'), 'cases/a.yaml': cases});
    const main = join(import.meta.dirname, '../../src/main.ts');
    const running = await start({
      name: 'postern test',
      command: process.execPath,
      args: [main, 'test', '-c', at('postern.yaml'), at('cases'), '--watch'],
    });
    let seen = 0;
    const next = async (told: RegExp) => {
      for (;;) {
        const runs = running.output().split('waiting for a change');
        if (runs.length - 1 > seen) {
          const text = runs[seen] ?? '';
          seen = runs.length - 1;
          if (told.test(text)) return;
          assert.fail(`${told} in ${text}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await next(/1 passed, 0 failed/);
    writeFiles(folder, {'entitlements.yaml': bought('t2')});
    await next(/missing_feature/);
    writeFiles(folder, {'entitlements.yaml': bought('t1')});
    await next(/1 passed, 0 failed/);
    writeFiles(folder, {'postern.yaml': settings(['owner'])});
    await next(/missing_role/);
    writeFiles(folder, {'cases/a.yaml': 'cases: nonsense\n'});
    await next(/a\.yaml:1:\d+: cases: /);
    writeFiles(folder, {'postern.yaml': settings(['admin']), 'cases/a.yaml': cases});
    await next(/1 passed, 0 failed/);
    running.signal('SIGINT');
    assert.equal(await running.ended, 0);
  });
});
