// A session cookie that its provider renews while the application asks: the client is told of it, as at the gate.
import assert from 'node:assert/strict';
import {freePort} from '../support/ports.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {type Authgear, startAuthgear} from '../support/vendors/authgear.ts';

describe('answers to a session cookie', () => {
  let authgear: Authgear;
  let postern: Postern;
  let url: string;
  before(async () => {
    authgear = await startAuthgear();
    const port = await freePort();
    url = `http://127.0.0.1:${port}/ofrep/v1/evaluate/flags`;
    postern = await startPostern(
      {
        answers: {listen: `127.0.0.1:${port}`},
        providers: [{name: 'ag', type: 'authgear', endpoint: authgear.endpoint, mode: 'resolver'}],
        entitlements: {source: {type: 'file', path: 'entitlements.yaml'}},
        rules: [{name: 'r', match: {path: '/'}, require: {features: ['orders']}}],
      },
      {
        files: {
          'entitlements.yaml': {
            features: {orders: {}, seats: {value: 'number'}},
            plans: {free: {features: ['orders'], default: true}},
          },
        },
      },
    );
    const renewed = ['session=next; HttpOnly; Secure', 'seen=1'];
    authgear.sessions.set('new', {userId: 'u1', setCookies: renewed});
    authgear.sessions.set('odd', {userId: 'u1', setCookies: ['session=\u00e4; HttpOnly', 'seen=1']});
    authgear.sessions.set('over', {userId: 'u1', disabled: true, setCookies: ['session=; Max-Age=0']});
    authgear.sessions.set('same', {userId: 'u1'});
  });
  after(async () => {
    await postern?.stop();
    await authgear?.close();
  });

  const rows: [what: string, cookie: string, path: string, body: string, status: number, cookies: readonly string[]][] =
    [
      ['one flag', 'new', '/orders', '{}', 200, ['session=next; HttpOnly; Secure', 'seen=1']],
      ['all flags', 'new', '', '{}', 200, ['session=next; HttpOnly; Secure', 'seen=1']],
      ['what was not bought', 'new', '/seats', '{}', 404, ['session=next; HttpOnly; Secure', 'seen=1']],
      [
        'a context of somebody else',
        'new',
        '/orders',
        '{"context": {"tenant": "x"}}',
        400,
        ['session=next; HttpOnly; Secure', 'seen=1'],
      ],
      ['a session that is over', 'over', '/orders', '{}', 401, ['session=; Max-Age=0']],
      ['a session that stays', 'same', '/orders', '{}', 200, []],
      ['no session', '', '/orders', '{}', 401, []],
    ];
  for (const [what, cookie, path, body, status, cookies] of rows)
    it(`${what}: ${status}, with what the provider sets`, async () => {
      const headers = cookie === '' ? {} : {cookie: `session=${cookie}`};
      const answer = await fetch(`${url}${path}`, {method: 'POST', headers, body});
      assert.equal(answer.status, status, await answer.text());
      assert.deepEqual(answer.headers.getSetCookie(), cookies);
    });

  it('304 tells of it, too', async () => {
    const first = await fetch(url, {method: 'POST', headers: {cookie: 'session=new'}, body: '{}'});
    const etag = first.headers.get('etag') ?? '';
    const answer = await fetch(url, {
      method: 'POST',
      headers: {cookie: 'session=new', 'if-none-match': etag},
      body: '{}',
    });
    assert.equal(answer.status, 304);
    assert.deepEqual(answer.headers.getSetCookie(), ['session=next; HttpOnly; Secure', 'seen=1']);
  });
});
