// Postern under the settings of Envoy's filter that change the question: bodies, raw headers, routes, sockets, restarts.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {startEcho, valuesOf} from '../support/echo.ts';
import {perRoute, startEnvoy} from '../support/envoy.ts';
import {temporaryFolder} from '../support/ports.ts';
import {startPostern} from '../support/postern.ts';
import {askPort, type Stage, startStage} from '../support/stage.ts';

const settings = {
  rules: [
    {name: 'open', match: {path: '/open/**'}, public: true},
    {name: 'admin', match: {path: '/admin/**'}, require: {roles: ['admin']}},
    {name: 'rest', match: {path: '/**'}, require: {}},
  ],
  responses: {identity: {'x-auth-subject': 'subject'}, removeCredential: true},
};

describe('settings of the filter', () => {
  let stage: Stage;
  let alice: string;
  let bob: string;
  before(async () => {
    stage = await startStage({settings});
    alice = await stage.identityProvider.token('alice');
    bob = await stage.identityProvider.token('bob');
  });
  after(() => stage?.stop());

  it('removeCredential: the token does not reach the service behind', async () => {
    const echoed = (await stage.ask({path: '/x', token: alice})).json();
    assert.deepEqual(valuesOf(echoed, 'authorization'), []);
    assert.deepEqual(valuesOf(echoed, 'x-auth-subject'), ['alice']);
  });

  it('encode_raw_headers decides alike, duplicates and forged headers included', async () => {
    const raw = await stage.another({filter: {encode_raw_headers: true}});
    const forged: [string, string][] = [
      ['x_auth_subject', 'root'],
      ['X-Auth-Subject', 'root'],
    ];
    const rows = [
      {path: '/x', token: alice, headers: forged},
      {path: '/admin', token: bob},
      {path: '/x'},
      {path: '/x', token: alice, headers: [['authorization', `Bearer ${alice}`]] as [string, string][]},
      {
        path: '/x',
        token: alice,
        headers: [
          ['__proto__', '1'],
          ['x-bytes', '\u00ff'],
        ] as [string, string][],
      },
      {path: '//x', token: alice},
    ];
    for (const row of rows) {
      const joined = await stage.ask(row);
      const separate = await askPort(raw.port, row);
      assert.equal(separate.status, joined.status, JSON.stringify(row));
      assert.equal(separate.json().code, joined.json().code);
      if (joined.status === 200) assert.deepEqual(valuesOf(separate.json(), 'x-auth-subject'), ['alice']);
    }
  });

  for (const [how, body] of [
    ['as a string', {max_request_bytes: 1024}],
    ['as bytes', {max_request_bytes: 1024, pack_as_bytes: true}],
    ['in part', {max_request_bytes: 16, allow_partial_message: true}],
  ] as const) {
    it(`a body that Envoy sends along ${how} changes nothing, and reaches the service whole`, async () => {
      const envoy = await stage.another({filter: {with_request_body: body}});
      const content = Buffer.from('{"as":"root"}\u0000ü'.repeat(4));
      const answer = await askPort(envoy.port, {method: 'POST', path: '/x', token: alice, body: content});
      assert.equal(answer.status, 200);
      assert.equal(answer.json().body, content.toString('utf8'));
      assert.equal((await askPort(envoy.port, {method: 'POST', path: '/x', body: content})).status, 401);
    });
  }
  it('a body above the limit is refused by Envoy with 413', async () => {
    const envoy = await stage.another({filter: {with_request_body: {max_request_bytes: 16}}});
    const answer = await askPort(envoy.port, {method: 'POST', path: '/x', token: alice, body: 'x'.repeat(64)});
    assert.equal(answer.status, 413);
  });

  it('a route may leave the check out, or name the rule, whose own match must hold', async () => {
    const to = (prefix: string, filter: Record<string, unknown>) => ({
      match: {prefix},
      route: {cluster: 'echo'},
      typed_per_filter_config: perRoute(filter),
    });
    const naming = (rule: string) => ({check_settings: {context_extensions: {rule}}});
    const envoy = await stage.another({
      routes: [
        to('/unchecked', {disabled: true}),
        to('/admin/strict', naming('admin')),
        to('/admin/open', naming('open')),
        to('/typo', naming('amdin')),
        to('/proto', naming('__proto__')),
      ],
    });
    const rows = [
      ['/unchecked', undefined, 200, undefined],
      ['/admin/strict', alice, 200, undefined],
      ['/admin/strict', bob, 403, 'missing_role'],
      ['/admin/open', alice, 403, 'no_rule'],
      ['/typo', alice, 403, 'no_rule'],
      ['/proto', alice, 403, 'no_rule'],
    ] as const;
    for (const [path, token, status, code] of rows) {
      const answer = await askPort(envoy.port, {path, ...(token !== undefined && {token})});
      assert.equal(answer.status, status, path);
      if (status !== 200) assert.equal(answer.json().code, code, path);
    }
  });

  it('on a Unix socket: SIGTERM loses no request while it drains, and Envoy finds the next one', async () => {
    const listen = `unix://${join(temporaryFolder(), 'check.sock')}`;
    const own = {
      ...settings,
      rules: [{name: 'open', match: {path: '/**'}, public: true}],
      server: {listen, drainDelay: '1s'},
    };
    const echo = await startEcho();
    const first = await startPostern(own);
    const envoy = await startEnvoy({checkAddress: listen, upstream: echo});
    try {
      assert.equal((await askPort(envoy.port, {path: '/x'})).status, 200);
      const ended = first.stop();
      const statuses: number[] = [];
      const until = performance.now() + 600;
      const lane = async () => {
        while (performance.now() < until) statuses.push((await askPort(envoy.port, {path: '/x'})).status);
      };
      await Promise.all([lane(), lane(), lane(), lane()]);
      assert.ok(statuses.length > 20);
      assert.deepEqual(new Set(statuses), new Set([200]), 'while it drains');
      assert.equal(await ended, 0, 'exit code');
      assert.equal((await askPort(envoy.port, {path: '/x'})).status, 403, 'nobody there: closed');

      const second = await startPostern(own);
      const back = async () => {
        for (let attempt = 0; attempt < 100; attempt++) {
          if ((await askPort(envoy.port, {path: '/x'})).status === 200) return true;
          await sleep(50);
        }
        return false;
      };
      assert.ok(await back(), 'Envoy did not come back to it');
      await second.stop();
    } finally {
      await envoy.stop();
      await first.stop();
      await echo.stop();
    }
  });
});
