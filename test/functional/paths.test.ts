// Paths that are read in more than one way, behind a real Envoy: none of them reaches what its plain form may not.
import assert from 'node:assert/strict';
import type {Envoy} from '../support/envoy.ts';
import {sendBytes} from '../support/http.ts';
import {askPort, type Stage, startStage} from '../support/stage.ts';

const settings = {
  rules: [
    {name: 'public', match: {path: '/public/**'}, public: true},
    {name: 'admin', match: {path: '/admin/**'}, require: {roles: ['admin']}},
    {name: 'rest', match: {path: '/**'}, require: {}},
  ],
};

// What a service behind might take for /admin/x, or for something else than /public.
const tricks = [
  '//admin/x',
  '/public//admin/x',
  '/public/../admin/x',
  '/public/./../admin/x',
  '/public/%2e%2e/admin/x',
  '/public/.%2E/admin/x',
  '/public/..%2fadmin/x',
  '/public/..%2Fadmin/x',
  '/public/%252e%252e/admin/x',
  '/public/..%252fadmin/x',
  '/public/..;/admin/x',
  '/public/;/admin/x',
  '/public\\..\\admin/x',
  '/public/..%5cadmin/x',
  '/public/..%5Cadmin/x',
  '/public%2f..%2fadmin/x',
  '/public/%00/../admin/x',
  '/public/..%00/admin/x',
  '/public/%c0%ae%c0%ae/admin/x',
  '/public/%',
  '/public/%zz',
  '/public/#/../../admin/x',
  '/public/%23/../admin/x',
  '/public/\u00ff',
];

describe('ambiguous paths behind Envoy', () => {
  let stage: Stage;
  let bob: string;
  const envoys = new Map<string, Envoy>();
  before(async () => {
    stage = await startStage({settings});
    bob = await stage.identityProvider.token('bob');
    envoys.set('as Envoy is by default', stage.envoy);
    envoys.set(
      'with normalize_path and merge_slashes',
      await stage.another({connectionManager: {normalize_path: true, merge_slashes: true}}),
    );
  });
  after(() => stage?.stop());
  const portOf = (how: string) => envoys.get(how)?.port ?? 0;

  const ways = ['as Envoy is by default', 'with normalize_path and merge_slashes'];
  for (const how of ways) {
    for (const path of tricks) {
      it(`${JSON.stringify(path)} ${how}`, async () => {
        const before = stage.echo.received.length;
        const anonymous = await askPort(portOf(how), {path});
        const asBob = await askPort(portOf(how), {path, token: bob});
        for (const {status, body} of [anonymous, asBob]) {
          // Envoy may have resolved the path before it asked; then what it asked about is what it sends on.
          if (status !== 200) assert.ok([400, 401, 403].includes(status), `${status} ${body}`);
        }
        for (const {url} of stage.echo.received.slice(before)) {
          assert.match(
            url,
            /^\/public(\/[^./;\\%#][^/;\\%#]*)*\/?$/,
            'the service behind was reached by a path that hides another',
          );
        }
      });
    }
  }

  it('asks with a canonical path where Envoy normalises, and decides on that', async () => {
    const answer = await askPort(portOf(ways[1] ?? ''), {path: '/public/../admin/x', token: bob});
    assert.equal(answer.json().code, 'missing_role');
  });

  it('refuses a fragment that a client puts into the target', async () => {
    const answer = await sendBytes(
      stage.envoy.port,
      `GET /public/x#/../../admin/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });

  for (const query of ['?/public/x', '?x=/../public', '?a=1&a=2', '?#', '?%2f', '??']) {
    it(`the query ${query} changes nothing`, async () => {
      const before = stage.echo.received.length;
      const admin = await askPort(stage.envoy.port, {path: `/admin/x${query}`, token: bob});
      assert.equal(admin.status, query.includes('#') ? 400 : 403);
      if (!query.includes('#')) assert.equal(admin.json().code, 'missing_role');
      assert.equal(stage.echo.received.length, before);
    });
  }

  const headers: [string, string][] = [
    ['x-forwarded-uri', '/public/x'],
    ['x-forwarded-path', '/public/x'],
    ['x-forwarded-prefix', '/public'],
    ['x-forwarded-method', 'OPTIONS'],
    ['x-http-method-override', 'OPTIONS'],
    ['x-http-method', 'OPTIONS'],
    ['x-method-override', 'OPTIONS'],
    ['x-original-url', '/public/x'],
    ['x-rewrite-url', '/public/x'],
    ['x-envoy-original-path', '/public/x'],
    ['x-forwarded-host', 'public'],
    ['forwarded', 'for=127.0.0.1;host=public'],
    ['x-forwarded-for', '127.0.0.1'],
    ['x-real-ip', '127.0.0.1'],
    ['x-auth-roles', 'admin'],
    ['x-forwarded-client-cert', 'URI=spiffe://acme/admin'],
    ['__proto__', 'admin'],
    ['constructor', 'admin'],
    ['x-bytes', '\u00ff\u00fe'],
  ];
  for (const pair of headers) {
    it(`the header ${pair[0]} opens nothing`, async () => {
      const answer = await askPort(stage.envoy.port, {path: '/admin/x', token: bob, headers: [pair]});
      assert.equal(answer.status, 403, answer.body);
      assert.equal(answer.json().code, 'missing_role');
    });
  }
});
