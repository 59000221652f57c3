// The last decisions: bounded by count and bytes, in order, and without anything secret.
import assert from 'node:assert/strict';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import type {Place} from '../../src/core/credential/credential.ts';
import type {Decision} from '../../src/core/decision.ts';
import type {Principal} from '../../src/core/principal.ts';
import type {Request} from '../../src/core/request/request.ts';
import {makeReplayLine} from '../../src/observe/decisionLine.ts';
import {makeRecentDecisions, remembering} from '../../src/observe/recent.ts';
import {makeRemember, pathOf} from '../../src/observe/remembered.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const principal: Principal = {
  provider: 'acme',
  kind: 'user',
  subject: 'alice',
  tenant: 't1',
  roles: ['admin'],
  permissions: [],
  scopes: ['orders'],
  claims: {sub: 'alice', salary: 'canary-claim'},
  amr: [],
};
const request = (target: string, headers: Record<string, string> = {}): Request => ({
  kind: 'http',
  id: '1',
  method: 'GET',
  scheme: 'https',
  host: 'API.example:8443',
  target,
  headers: new Map(Object.entries(headers)),
  source: {address: '10.0.0.1', principal: ''},
});
const place: Place = {label: 'cookie:sid', kind: 'cookie', name: 'sid', find: () => ({held: 'nothing'})};
const allow: Decision = {
  outcome: 'allow',
  rule: 'r',
  principal,
  credentialPlace: place,
  setCookies: ['sid=canary-set'],
};
const remember = makeRemember(['x-region', 'x-key', 'authorization'], ['x-key']);
const kept = (id: string, target = '/', decision: Decision = allow) =>
  remember({id, now: 1_000}, request(target), decision, 0.001);
const lineOf = makeReplayLine({paths: [], names: []});
const idsOf = (list: ReturnType<ReturnType<typeof makeRecentDecisions>['list']>) => list?.found.map(({id}) => id);
const all = {limit: 100, fits: () => true};

describe('the last decisions', () => {
  it('are so many, newest first; the oldest goes', () => {
    const recent = makeRecentDecisions({count: 3});
    for (const id of ['a', 'b', 'c', 'd', 'e']) recent.add(kept(id));
    assert.deepEqual(idsOf(recent.list(all)), ['e', 'd', 'c']);
    assert.deepEqual([recent.size(), recent.find('b'), recent.find('d')?.id], [3, undefined, 'd']);
  });

  it('are so many bytes, with their principals', () => {
    const recent = makeRecentDecisions({count: 1_000, bytes: 100_000});
    const large = {...principal, claims: {much: 'x'.repeat(20_000)}};
    for (let at = 0; at < 50; at++) recent.add(kept(String(at), '/', {...allow, principal: {...large}}));
    assert.deepEqual(idsOf(recent.list(all)), ['49', '48']);
    recent.add(kept('huge', '/', {...allow, principal: {...large, claims: {much: 'x'.repeat(200_000)}}}));
    assert.deepEqual(idsOf(recent.list(all)), []);
    recent.add(kept('next'));
    assert.deepEqual(idsOf(recent.list(all)), ['next']);
  });

  it('are listed page by page, by what fits', () => {
    const recent = makeRecentDecisions({count: 10});
    for (let at = 0; at < 10; at++) recent.add(kept(String(at), at % 2 === 0 ? '/even' : '/odd'));
    const even = {limit: 2, fits: ({request: of}: ReturnType<typeof kept>) => of?.path === '/even'};
    const first = recent.list(even);
    assert.deepEqual([idsOf(first), first?.more], [['8', '6'], true]);
    assert.deepEqual(idsOf(recent.list({...even, before: '6'})), ['4', '2']);
    const last = recent.list({...even, before: '2'});
    assert.deepEqual([idsOf(last), last?.more], [['0'], false]);
    assert.equal(recent.list({...even, before: 'gone'}), undefined);
  });

  it('are told to whoever listens, until that ends', () => {
    const recent = makeRecentDecisions({count: 2});
    const heard: string[] = [];
    const end = recent.listen(({id}) => heard.push(id));
    recent.add(kept('a'));
    end();
    recent.add(kept('b'));
    assert.deepEqual(heard, ['a']);
  });

  it('hold a bug once: as it was answered, where the edge had given up before', () => {
    const recent = makeRecentDecisions({count: 9});
    const log = remembering({decided: () => {}, failed: () => {}}, recent, remember);
    log.decided({id: 'a', now: 1}, undefined, {outcome: 'deny', reason: 'deadline'}, 1);
    log.failed({id: 'a', now: 1}, request('/'), new Error('canary'), 2);
    log.failed({id: 'b', now: 1}, request('/'), new Error('canary'), 2);
    const found = recent.list(all)?.found.map(({id, reason, outcome}) => [id, reason, outcome]);
    assert.deepEqual(found, [
      ['b', 'internal', 'error'],
      ['a', 'deadline', 'error'],
    ]);
  });
});

describe('what is kept of a decision', () => {
  const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.canary';
  const secret = {
    authorization: 'Bearer canary-token-123',
    cookie: 'sid=canary-cookie; a=b',
    'x-key': 'canary-key',
    'x-other': 'canary-other',
    'x-region': 'eu',
    'x-request-id': jwt,
    accept: 'text/html',
  };
  const line = lineOf(
    remember({id: 'd', now: 1_000}, request('/a/b?access_token=canary-query', secret), allow, 0.001_234_5),
  );

  it('holds no credential, no cookie, no query and no claim', () => {
    assert.doesNotMatch(JSON.stringify(line), /canary/);
  });
  it('says who asked for what, in the words of the decision log', () => {
    const {replay, ...said} = JSON.parse(JSON.stringify(line));
    assert.deepEqual(said, {
      v: 1,
      time: '1970-01-01T00:00:01.000Z',
      decision: 'd',
      outcome: 'allow',
      rule: 'r',
      provider: 'acme',
      subject: 'alice',
      tenant: 't1',
      method: 'GET',
      host: 'api.example:8443',
      path: '/a/b',
      request_id: '[redacted]',
      duration_ms: 1.235,
      place: 'cookie:sid',
    });
    assert.deepEqual(replay, {
      scheme: 'https',
      authority: 'API.example:8443',
      header_names: Object.keys(secret),
      header_values: {'x-region': 'eu', 'x-request-id': '[redacted]', accept: 'text/html'},
      who: {kind: 'user', roles: ['admin'], scopes: ['orders'], claim_names: ['sub', 'salary']},
    });
  });

  const paths: [target: string, path: string][] = [
    ['/a/b', '/a/b'],
    ['/a?b=c', '/a'],
    ['/a%3Fb=c/d', '/a'],
    ['/a%23b', '/a'],
    ['/a#b', '/a'],
    ['/a;jsessionid=canary/b', '/a;…/b'],
    ['/a%3bs=canary', '/a;…'],
    [`/reset/${jwt}/x`, '/reset/[redacted]/x'],
  ];
  for (const [target, path] of paths) {
    it(`of ${target.slice(0, 24)} the path ${path}`, () => {
      assert.equal(pathOf(target), path);
      const cut = remember({id: 'd', now: 1}, request(target), allow, 1).request?.cut;
      assert.equal(cut, path !== target.split('?', 1)[0]);
    });
  }

  it('is bounded, whatever comes', () => {
    const headers = Object.fromEntries(Array.from({length: 500}, (_, at) => [`x-${at}-${'n'.repeat(at)}`, 'v']));
    const one = remember(
      {id: 'd', now: 1},
      {
        ...request(`/${'p'.repeat(9_000)}`, {...headers, accept: 'a'.repeat(9_000)}),
        host: `u:canary@${'h'.repeat(999)}`,
      },
      allow,
      1,
    );
    const text = JSON.stringify(lineOf(one));
    assert.ok(text.length < 24_000, `${text.length}`);
    assert.doesNotMatch(text, /canary/);
    assert.equal(one.request?.cut, true);
  });

  it('keeps nothing whole of which it keeps a part: a path, a header, what the path captured', () => {
    const recent = makeRecentDecisions({count: 1_000});
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 1_000; at++) {
      const org = `an-organisation-of-${at}`;
      const target = Buffer.from(`/orgs/${org}/${'x'.repeat(60_000)}`).toString();
      const header = Buffer.from('y'.repeat(60_000)).toString();
      const wanted = target.slice(6, 6 + org.length);
      const denial: Decision = {
        outcome: 'deny',
        reason: 'wrong_tenant',
        rule: 'r',
        detail: `it is for ${wanted}`,
        unmet: {part: 'tenant', wanted},
      };
      recent.add(remember({id: `${at}`, now: 1}, request(target, {'x-region': header}), denial, 0));
    }
    collectGarbage();
    const kept = process.memoryUsage().heapUsed - before;
    assert.ok(kept < 15_000_000, `${kept}`);
    assert.equal(recent.size(), 1_000);
  });
});
