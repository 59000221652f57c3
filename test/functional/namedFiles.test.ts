// Every file that a setting names, in a program that runs: broken, the last good one stays and /readyz names it; mended, it counts.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {copyFileSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {connect, type TLSSocket} from 'node:tls';
import type {Health} from '../../src/core/health.ts';
import {makeAuthority, makeCertificate} from '../envoy/certificatesFor.ts';
import {until} from '../store/rig.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';

const hashOf = (id: string) => `sha256:${createHash('sha256').update(id).digest('base64url')}`;
const keys = (...ids: string[]) => JSON.stringify({keys: ids.map((id) => ({id, subject: id, hash: hashOf(id)}))});
const bought = (...tenants: string[]) =>
  JSON.stringify({
    features: {reports: {}},
    plans: {pro: {features: ['reports']}},
    grants: tenants.map((tenant) => ({plan: 'pro', tenant})),
  });

describe('files that settings name', function () {
  this.timeout(90_000);
  let folder: string;
  let postern: Postern;
  let other: Postern;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = temporaryFolder();
    for (const name of ['ca', 'clients', 'renewed']) makeAuthority(folder, name);
    for (const name of ['server', 'answers', 'client', 'redis', 'source']) makeCertificate(folder, 'ca', name);
    for (const name of ['a', 'b', 'c', 'd', 'e']) copyFileSync(at('ca.crt'), at(`${name}-ca.crt`));
    writeFileSync(at('token'), 'first-token-of-sixteen\n');
    writeFileSync(at('keys.yaml'), keys('one'));
    writeFileSync(at('bought.json'), bought('t1'));
    const nowhere = `127.0.0.1:${await freePort()}`;
    const endpoint = `https://${nowhere}/introspect`;
    const asked = await freePort();
    const rules = [{name: 'all', match: {}, public: true}];
    const providers = [
      {name: 'keys', type: 'apiKeys', file: at('keys.yaml')},
      {
        name: 'bank',
        type: 'introspection',
        endpoint,
        clientId: 'postern',
        authentication: 'tls_client_auth',
        ca: at('b-ca.crt'),
        clientCertificate: {cert: at('client.crt'), key: at('client.key')},
      },
    ];
    [postern, other] = await Promise.all([
      startPostern({
        server: {tls: {cert: at('server.crt'), key: at('server.key'), clientCa: at('clients.crt')}},
        answers: {
          listen: `127.0.0.1:${asked}`,
          tls: {cert: at('answers.crt'), key: at('answers.key'), clientCa: at('e-ca.crt')},
        },
        admin: {token: `\${file:${at('token')}}`},
        remote: {ca: at('a-ca.crt')},
        redis: {
          url: `rediss://${nowhere}`,
          tls: {ca: at('c-ca.crt'), cert: at('redis.crt'), key: at('redis.key')},
        },
        revocation: {lostAfter: '100ms'},
        providers,
        entitlements: {source: {type: 'file', path: at('bought.json')}},
        rules,
      }),
      startPostern(
        {
          providers: providers.slice(0, 1),
          entitlements: {
            source: {
              type: 'http',
              url: `https://${nowhere}/`,
              ca: at('d-ca.crt'),
              clientCertificate: {cert: at('source.crt'), key: at('source.key')},
            },
          },
          rules,
        },
        {unready: true},
      ),
    ]);
  });
  after(() => Promise.all([postern?.stop(), other?.stop()]));

  const partOf = async (whose: Postern, part: string): Promise<Health | undefined> => {
    const {parts} = (await (await fetch(`${whose.adminUrl}/readyz`)).json()) as {parts: readonly Health[]};
    return parts.find((one) => one.part === part);
  };
  const subject = () =>
    new Promise<string>((resolve, reject) => {
      const [host = '', port = ''] = postern.address.split(':');
      const socket: TLSSocket = connect(
        {host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2']},
        () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  const opens = async (token: string) => {
    const headers = {authorization: `Bearer ${token}`};
    return (await fetch(`${postern.adminUrl}/revocations`, {headers})).status === 200;
  };

  interface Row {
    readonly setting: string;
    readonly part: string;
    readonly file: string;
    readonly said: RegExp;
    readonly whose?: 'other';
    /** Writes another good one. Default: what was there. */
    readonly mend?: () => void;
    readonly seen?: () => Promise<boolean>;
  }
  const gone = /cannot be read: there is no such file/;
  const renew = (name: string) => () => {
    const {cert, key} = makeCertificate(folder, 'ca', `${name}-renewed`);
    copyFileSync(key, at(`${name}.key`));
    copyFileSync(cert, at(`${name}.crt`));
  };
  const anew = (file: string) => () => copyFileSync(at('renewed.crt'), at(file));
  const logged = (what: RegExp, times: number) => async () =>
    [...postern.logs().matchAll(new RegExp(what, 'g'))].length >= times;
  const rows: readonly Row[] = [
    {
      setting: 'server.tls.cert',
      part: 'server.tls',
      file: 'server.crt',
      said: gone,
      mend: renew('server'),
      seen: async () => (await subject()) === 'server-renewed',
    },
    {setting: 'server.tls.key', part: 'server.tls', file: 'server.key', said: gone},
    {setting: 'server.tls.clientCa', part: 'server.tls', file: 'clients.crt', said: gone, mend: anew('clients.crt')},
    {
      setting: 'answers.tls.cert',
      part: 'answers.tls',
      file: 'answers.crt',
      said: gone,
      mend: renew('answers'),
    },
    {setting: 'answers.tls.key', part: 'answers.tls', file: 'answers.key', said: gone},
    {setting: 'answers.tls.clientCa', part: 'answers.tls', file: 'e-ca.crt', said: gone, mend: anew('e-ca.crt')},
    {setting: 'remote.ca', part: 'remote.ca', file: 'a-ca.crt', said: gone, mend: anew('a-ca.crt')},
    {setting: 'redis.tls.ca', part: 'redis.tls', file: 'c-ca.crt', said: gone, mend: anew('c-ca.crt')},
    {setting: 'redis.tls.cert', part: 'redis.tls', file: 'redis.crt', said: gone, mend: renew('redis')},
    {setting: 'redis.tls.key', part: 'redis.tls', file: 'redis.key', said: gone},
    {setting: 'providers[].ca', part: 'certificates bank', file: 'b-ca.crt', said: gone, mend: anew('b-ca.crt')},
    {
      setting: 'providers[].clientCertificate.cert',
      part: 'certificates bank',
      file: 'client.crt',
      said: gone,
      mend: renew('client'),
    },
    {setting: 'providers[].clientCertificate.key', part: 'certificates bank', file: 'client.key', said: gone},
    {
      setting: 'providers[].file',
      part: 'API keys keys',
      file: 'keys.yaml',
      said: gone,
      mend: () => writeFileSync(at('keys.yaml'), keys('one', 'two')),
      seen: logged(/"count":2,[^\n]*file of API keys was read/, 1),
    },
    {
      setting: 'entitlements.source.path',
      part: 'entitlements',
      file: 'bought.json',
      said: gone,
      mend: () => writeFileSync(at('bought.json'), bought('t1', 't2')),
      seen: async () => (await postern.metric('postern_entitlements_grants')) === 2,
    },
    {
      setting: 'entitlements.source.ca',
      whose: 'other',
      part: 'certificates entitlements',
      file: 'd-ca.crt',
      said: gone,
      mend: anew('d-ca.crt'),
    },
    {
      setting: 'entitlements.source.clientCertificate.cert',
      whose: 'other',
      part: 'certificates entitlements',
      file: 'source.crt',
      said: gone,
      mend: renew('source'),
    },
    {
      setting: 'entitlements.source.clientCertificate.key',
      whose: 'other',
      part: 'certificates entitlements',
      file: 'source.key',
      said: gone,
    },
    {
      setting: '${file:...}',
      part: 'configuration',
      file: 'token',
      said: /admin\.token: needs the file .*token, which cannot be read: there is no such file/,
      mend: () => writeFileSync(at('token'), 'other-token-of-sixteen'),
      seen: async () => (await opens('other-token-of-sixteen')) && !(await opens('first-token-of-sixteen')),
    },
  ];

  it('each is a row here', () => {
    const page = readFileSync(new URL('../../docs/guides/network.md', import.meta.url), 'utf8');
    for (const {setting} of rows) assert.ok(page.includes(`\`${setting}\``), setting);
    const table = page.slice(page.indexOf('## Which file is read'), page.indexOf('## Who may ask')).split('\n');
    const told = table.filter((line) => line.startsWith('| `') && !line.includes('${file:'));
    const settings = told.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, of]) => of));
    assert.deepEqual(
      settings.filter((setting) => !rows.some((row) => row.setting === setting)),
      [],
    );
  });

  const runRow = async ({part, file, said, whose, mend, seen, setting}: Row) => {
    const program = whose === 'other' ? other : postern;
    const content = readFileSync(at(file));
    const state = async () => (await partOf(program, part))?.state;
    const before = await state();
    rmSync(at(file));
    await until(`${part} is degraded`, async () => (await state()) === 'degraded', 20_000);
    const {detail = ''} = (await partOf(program, part)) ?? {};
    assert.match(detail, said);
    assert.ok(detail.includes(at(file)), detail);
    assert.equal((await fetch(`${postern.adminUrl}/readyz`)).status, 200, 'the last good one stays');
    if (mend === undefined) writeFileSync(at(file), content);
    else mend();
    await until(`${part} is well`, async () => (await state()) === before, 20_000);
    if (seen) await until(`${setting} is seen`, seen, 20_000);
  };

  // Those of one part one after another, the parts at once: each waits for some seconds.
  const running = new Map<string, Promise<void>>();
  const results = new Map<string, Promise<unknown>>();
  const outcomeOf = (row: Row): Promise<unknown> => {
    if (results.size === 0) {
      for (const one of rows) {
        const last = running.get(one.part) ?? Promise.resolve();
        const result = last.then(() => runRow(one)).catch((error: unknown) => ({error}));
        running.set(
          one.part,
          result.then(() => undefined),
        );
        results.set(one.setting, result);
      }
    }
    return results.get(row.setting) as Promise<unknown>;
  };
  for (const row of rows)
    it(`${row.setting}: ${row.part}`, async () => {
      const failed = (await outcomeOf(row)) as {error: unknown} | undefined;
      if (failed !== undefined) throw failed.error;
    });

  it('each time is told once in the log', () => {
    for (const part of new Set(rows.map((row) => row.part))) {
      const line = `"part":"${part}","state":"degraded"`;
      const told = [postern, other].flatMap((one) =>
        one
          .logs()
          .split('\n')
          .filter((text) => text.includes(line)),
      );
      assert.ok(told.length <= rows.filter((row) => row.part === part).length + 1, told.join('\n'));
    }
  });
});
