// The answers over TLS: whose client certificate may ask for anybody, files that change, and what a stranger gets.
import assert from 'node:assert/strict';
import {copyFileSync, readFileSync} from 'node:fs';
import {Agent, type RequestOptions, request} from 'node:https';
import {connect} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {nobody, peerOf} from '../../src/answers/peer.ts';
import {makeAuthority, makeCertificate} from '../envoy/certificatesFor.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {type Postern, runPostern, startPostern, writeFiles} from '../support/postern.ts';

const entitlements = {
  features: {seats: {value: 'number'}},
  plans: {pro: {features: ['seats'], values: {seats: 50}}},
  grants: [{plan: 'pro', tenant: 'acme'}],
};
const spiffe = 'spiffe://acme.example/ns/shop/sa/orders';
const rules = [{name: 'open', match: {path: '/'}, public: true}];
const source = {type: 'file', path: 'entitlements.yaml'};

describe('answers over TLS', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  let postern: Postern;
  let port: number;
  const clients: Record<string, string> = {
    spiffe: `URI:${spiffe}`,
    dns: 'DNS:Billing.shop.svc',
    another: 'URI:spiffe://acme.example/ns/shop/sa/orders-2',
    below: `URI:${spiffe}/x`,
    case: 'URI:spiffe://acme.example/ns/shop/sa/Orders',
    twoUris: `URI:${spiffe},URI:spiffe://other.example/x`,
    dnsLikeUri: 'DNS:spiffe.acme.example.ns.shop.sa.orders',
    wildcard: 'DNS:*.shop.svc',
    mail: 'email:orders@acme.example',
    // What is written inside a name must not become another entry.
    forged: 'URI:https://x.example/\\, URI:billing,DNS:x.example',
  };

  before(async () => {
    makeAuthority(folder, 'ca');
    makeAuthority(folder, 'clients');
    makeAuthority(folder, 'strangers');
    makeCertificate(folder, 'ca', 'server');
    for (const [name, names] of Object.entries(clients)) makeCertificate(folder, 'clients', name, names);
    // The common name is one that is trusted.
    makeCertificate(folder, 'clients', 'billing.shop.svc', 'DNS:other.shop.svc');
    makeCertificate(folder, 'strangers', 'stranger', `URI:${spiffe}`);
    makeCertificate(folder, 'clients', 'late', 'URI:spiffe://acme.example/later');
    port = await freePort();
    postern = await startPostern(
      {
        answers: {
          listen: `127.0.0.1:${port}`,
          tls: {cert: at('server.crt'), key: at('server.key'), clientCa: at('clients.crt')},
          trust: {clients: [spiffe, 'billing.SHOP.svc'], token: 'a-secret-of-the-application'},
        },
        entitlements: {source},
        rules,
      },
      {files: {'entitlements.yaml': entitlements}},
    );
  });
  after(() => postern?.stop());

  const ask = (options: RequestOptions, path = '/ofrep/v1/evaluate/flags/seats') =>
    // biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member
    new Promise<{status: number; body: any; connection: string | undefined}>((resolve, reject) => {
      const asked = request(
        {host: '127.0.0.1', port, path, method: 'POST', ca: readFileSync(at('ca.crt')), agent: false, ...options},
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (more) => {
            text += more;
          });
          response.on('end', () => {
            const {statusCode: status = 0, headers} = response;
            resolve({status, body: JSON.parse(text), connection: headers.connection});
          });
        },
      );
      asked.on('error', reject).end('{"context": {"tenant": "acme"}}');
    });
  const as = (name: string) => ({
    cert: readFileSync(at(`${name}.crt`)),
    key: readFileSync(at(`${name}.key`)),
  });

  for (const name of ['spiffe', 'dns'])
    it(`a client named in trust.clients (${name}) may ask for anybody`, async () => {
      const {status, body} = await ask(as(name));
      assert.deepEqual([status, body.value], [200, 50]);
    });

  for (const name of Object.keys(clients).filter((one) => !['spiffe', 'dns'].includes(one)))
    it(`a client with another name (${name}) may not`, async () => {
      const {status, body} = await ask(as(name));
      assert.deepEqual([status, body.errorCode], [401, 'GENERAL'], JSON.stringify(body));
    });

  it('the common name is no name', async () => assert.equal((await ask(as('billing.shop.svc'))).status, 401));

  it('a client that is not named may still show the token', async () => {
    const {status} = await ask({...as('another'), headers: {authorization: 'Bearer a-secret-of-the-application'}});
    assert.equal(status, 200);
  });

  for (const [what, options] of [
    ['without a certificate', () => ({})],
    ['with one of an unknown authority', () => as('stranger')],
    ['with an old version of TLS', () => ({...as('spiffe'), maxVersion: 'TLSv1.1', minVersion: 'TLSv1'})],
  ] as [string, () => RequestOptions][])
    it(`${what} there is no connection`, async () => {
      await assert.rejects(ask(options()));
      assert.equal((await ask(as('spiffe'))).status, 200);
    });

  it('in the clear there is no answer, and whoever says nothing holds up nobody', async () => {
    const silent = Array.from({length: 50}, () => connect({host: '127.0.0.1', port}));
    await assert.rejects(fetch(`http://127.0.0.1:${port}/ofrep/v1/configuration`));
    assert.equal((await ask(as('spiffe'))).status, 200);
    for (const socket of silent) socket.destroy();
  });

  it('a session that is taken up again is still that of its certificate', async () => {
    const agents = ['spiffe', 'another'].map(
      (name) => new Agent({keepAlive: false, maxCachedSessions: 10, ...as(name)}),
    );
    for (const round of [1, 2, 3]) {
      const [trusted, other] = [await ask({agent: agents[0]}), await ask({agent: agents[1]})];
      assert.deepEqual([trusted.status, other.status], [200, 401], `round ${round}`);
    }
  });

  it('a reload changes who is trusted, also on connections that stand', async () => {
    const agent = new Agent({keepAlive: true, maxSockets: 1, ...as('late')});
    assert.equal((await ask({agent})).status, 401);
    const file = join(postern.folder, 'postern.yaml');
    const text = readFileSync(file, 'utf8');
    writeFiles(postern.folder, {'postern.yaml': text.replace(spiffe, 'spiffe://acme.example/later')});
    for (let attempt = 0; attempt < 100 && (await ask({agent})).status !== 200; attempt++) await sleep(100);
    assert.equal((await ask({agent})).status, 200);
    assert.equal((await ask(as('spiffe'))).status, 401);
    writeFiles(postern.folder, {'postern.yaml': text});
    for (let attempt = 0; attempt < 100 && (await ask({agent})).status !== 401; attempt++) await sleep(100);
    assert.equal((await ask({agent})).status, 401);
    agent.destroy();
    assert.doesNotMatch(postern.logs(), /restartFor/);
  });

  it('new files count for new connections; what does not fit leaves the last good ones, and is told', async () => {
    makeCertificate(folder, 'ca', 'renewed');
    copyFileSync(at('renewed.crt'), at('server.crt'));
    const ready = async () => (await fetch(`${postern.adminUrl}/readyz`)).text();
    for (let attempt = 0; attempt < 200 && !(await ready()).includes('degraded'); attempt++) await sleep(100);
    assert.match(await ready(), /"answers\.tls",\s+"state": "degraded"/);
    assert.equal((await ask(as('spiffe'))).status, 200);
    const standing = new Agent({keepAlive: true, maxSockets: 1, ...as('spiffe')});
    assert.equal((await ask({agent: standing})).status, 200);
    copyFileSync(at('renewed.key'), at('server.key'));
    copyFileSync(at('strangers.crt'), at('clients.crt'));
    for (let attempt = 0; attempt < 200; attempt++) {
      if (
        await ask(as('stranger')).then(
          ({status}) => status === 200,
          () => false,
        )
      )
        break;
      await sleep(100);
    }
    assert.equal((await ask(as('stranger'))).status, 200);
    await assert.rejects(ask(as('spiffe')));
    await assert.rejects(ask({agent: standing}), 'a connection that stood, or its session taken up again');
    standing.destroy();
    assert.doesNotMatch(await ready(), /degraded/);
  });
});

describe('the settings of answers over TLS', () => {
  const rows: [what: string, answers: object, words: RegExp][] = [
    ['clients without an authority', {trust: {clients: [spiffe]}}, /answers\.trust\.clients.*clientCa/],
    ['a pattern', {trust: {clients: ['spiffe://acme.example/*']}}, /is no name of a certificate/],
    ['nobody', {trust: {clients: []}}, /is an empty list/],
    ['a name with blanks', {trust: {clients: ['a b']}}, /is no name of a certificate/],
    ['a certificate without its key', {tls: {cert: 'a.crt'}}, /answers\.tls\.key/],
  ];
  for (const [what, answers, words] of rows)
    it(`${what} is refused when it is loaded`, async () => {
      const folder = temporaryFolder();
      writeFiles(folder, {
        'postern.yaml': {answers: {listen: '127.0.0.1:9193', ...answers}, entitlements: {source}, rules},
        'entitlements.yaml': entitlements,
      });
      const {code, output} = await runPostern(['validate', '-c', join(folder, 'postern.yaml')]);
      assert.equal(code, 1);
      assert.match(output, words);
    });
});

describe('whom a certificate names', () => {
  const validTo = 'Nov 29 00:00:00 2026 GMT';
  const rows: [text: string | undefined, names: readonly string[]][] = [
    [undefined, []],
    ['DNS:A.example, IP Address:127.0.0.1, DNS:b.example', ['a.example', 'b.example']],
    [`URI:${spiffe}`, [spiffe]],
    [`URI:${spiffe}, URI:https://b.example/`, []],
    ['URI:"https://x.example/\\u002c URI:spiffe://a/b"', ['https://x.example/, URI:spiffe://a/b']],
    ['DNS:"a.example\\u002c DNS:b.example"', ['a.example, dns:b.example']],
    ['othername:<unsupported>, URI:spiffe://a/b', ['spiffe://a/b']],
    ['DNS:"unfinished', []],
    ['nonsense', []],
    // Of another kind than they look: an authority may let somebody choose the one and not the other.
    ['DNS:spiffe://acme.example/orders', []],
    ['URI:orders.shop.svc', []],
  ];
  for (const [text, names] of rows)
    it(`${text}`, () => assert.deepEqual(peerOf({subjectAltName: text, validTo}).names, names));
  it('no certificate names nobody', () => assert.deepEqual(peerOf(undefined), nobody));
});
