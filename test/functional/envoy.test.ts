// The main way, behind real Envoys: who gets through, what the service behind is told, and what a refusal looks like.
import assert from 'node:assert/strict';
import {type Echoed, valuesOf} from '../support/echo.ts';
import type {Envoy} from '../support/envoy.ts';
import {type Asked, askPort, type Stage, startStage} from '../support/stage.ts';

const settings = {
  rules: [
    {name: 'open', match: {path: '/open/**'}, public: true},
    {name: 'admin', match: {path: '/admin/**'}, require: {roles: ['admin']}},
    {name: 'scoped', match: {path: '/scoped'}, require: {scopes: ['orders.write', 'orders.all']}},
    {name: 'fresh', match: {path: '/fresh'}, require: {stepUp: {maxAge: '5m', acr: ['mfa']}}},
    {name: 'shadow', match: {path: '/shadow'}, require: {roles: ['owner']}, shadow: true},
    {name: 'any', match: {path: '/orders/**'}, require: {}},
  ],
  responses: {
    identity: {
      'x-auth-subject': 'subject',
      'x-auth-tenant': 'tenant',
      'x-auth-roles': 'roles',
      'x-auth-name': 'claims.name',
    },
  },
};
const people = {
  alice: {org_id: 'acme', roles: ['admin', 'a,b']},
  bob: {org_id: 'acme', roles: ['viewer']},
  zoë: {org_id: 'acme\r\nx-injected: 1', roles: [], name: 'Zoë \ud800 🙂'},
};

for (const version of ['envoy', 'envoy-1.36'] as const) {
  describe(`behind ${version}`, () => {
    let stage: Stage;
    const tokens = new Map<string, string>();
    before(async () => {
      stage = await startStage({settings, people, envoy: {version, filter: {validate_mutations: true}}});
      for (const person of ['alice', 'bob']) tokens.set(person, await stage.identityProvider.token(person));
      tokens.set('zoë', await stage.identityProvider.sign({sub: 'zoë'}));
    });
    after(() => stage?.stop());

    const ask = ({as, ...asked}: Asked & {as?: string}) =>
      stage.ask({...asked, ...(as !== undefined && {token: tokens.get(as) ?? as})});
    const echoOf = async (asked: Asked & {as?: string}): Promise<Echoed> => {
      const answer = await ask(asked);
      assert.equal(answer.status, 200, answer.body);
      return answer.json();
    };

    it('lets a valid token through and tells the service who it is', async () => {
      const echoed = await echoOf({path: '/orders/1?page=2', as: 'alice'});
      assert.equal(echoed.url, '/orders/1?page=2');
      assert.deepEqual(valuesOf(echoed, 'x-auth-subject'), ['alice']);
      assert.deepEqual(valuesOf(echoed, 'x-auth-tenant'), ['acme']);
      assert.deepEqual(valuesOf(echoed, 'x-auth-roles'), ['admin,a%2Cb']);
      assert.deepEqual(valuesOf(echoed, 'x-auth-name'), [], 'an absent claim is an absent header');
      assert.equal(valuesOf(echoed, 'authorization').length, 1, 'the token reaches the service unless asked otherwise');
    });

    const forgeries: [string, [string, string][]][] = [
      ['in the same spelling', [['x-auth-subject', 'root']]],
      [
        'twice',
        [
          ['x-auth-subject', 'root'],
          ['x-auth-subject', 'admin'],
        ],
      ],
      ['with capitals', [['X-AUTH-SUBJECT', 'root']]],
      ['with underscores', [['x_auth_subject', 'root']]],
      [
        'mixed',
        [
          ['X_Auth-Subject', 'root'],
          ['x-auth_subject', 'root'],
        ],
      ],
      [
        'named in Connection',
        [
          ['x-auth-subject', 'root'],
          ['connection', 'x-auth-subject'],
        ],
      ],
    ];
    for (const [how, headers] of forgeries) {
      for (const [path, as, subject] of [
        ['/orders/1', 'alice', ['alice']],
        ['/open/1', undefined, []],
        ['/shadow', undefined, []],
      ] as const) {
        it(`forged identity headers ${how} never reach ${path}`, async () => {
          const {headers: seen} = await echoOf({path, headers, ...(as !== undefined && {as})});
          const told = seen
            .filter(([name]) => name.replaceAll('_', '-') === 'x-auth-subject')
            .map(([, value]) => value);
          assert.deepEqual(told, subject);
        });
      }
    }

    it('a claim that could break a header is made safe, and Envoy takes it', async () => {
      const echoed = await echoOf({path: '/orders/1', as: 'zoë'});
      assert.deepEqual(valuesOf(echoed, 'x-injected'), []);
      assert.deepEqual(valuesOf(echoed, 'x-auth-tenant'), ['acme%0D%0Ax-injected: 1']);
      assert.deepEqual(valuesOf(echoed, 'x-auth-subject'), ['zo%C3%AB']);
      assert.match(valuesOf(echoed, 'x-auth-name')[0] ?? '', /^Zo%C3%AB .*%F0%9F%99%82$/);
    });

    type Refused = {title: string; asked: Asked & {as?: string}; status: number; code: string; challenge?: RegExp};
    const refused: Refused[] = [
      {
        title: 'no token',
        asked: {path: '/orders/1'},
        status: 401,
        code: 'no_credential',
        challenge: /^Bearer(?!.*error)/,
      },
      {
        title: 'what is no token',
        asked: {path: '/orders/1', as: 'not-a-token'},
        status: 401,
        code: 'malformed_credential',
        challenge: /error="invalid_token"/,
      },
      {title: 'a missing role', asked: {path: '/admin', as: 'bob'}, status: 403, code: 'missing_role'},
      {
        title: 'a missing scope',
        asked: {path: '/scoped', as: 'alice'},
        status: 403,
        code: 'missing_scope',
        challenge: /error="insufficient_scope".*scope="/,
      },
      {
        title: 'a sign-in that is too weak',
        asked: {path: '/fresh', as: 'alice'},
        status: 401,
        code: 'step_up_required',
        challenge:
          /error="insufficient_user_authentication".*(acr_values="mfa".*max_age="?300|max_age="?300.*acr_values="mfa")/,
      },
      {title: 'a path without rule', asked: {path: '/elsewhere', as: 'alice'}, status: 403, code: 'no_rule'},
      {
        title: 'Authorization twice',
        asked: {path: '/orders/1', as: 'alice', headers: [['authorization', 'Bearer x']]},
        status: 400,
        code: 'duplicate_credential',
      },
    ];
    for (const {title, asked, status, code, challenge} of refused) {
      it(`refuses ${title}: ${status} ${code}`, async () => {
        const before = stage.echo.received.length;
        const answer = await ask(asked);
        assert.equal(answer.status, status, answer.body);
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
        const problem = answer.json();
        assert.equal(problem.code, code);
        assert.equal(problem.status, status);
        assert.ok(problem.title && problem.detail && problem.type && problem.decision);
        if (challenge !== undefined) assert.match(answer.headers.get('www-authenticate') ?? '', challenge);
        assert.equal(stage.echo.received.length, before, 'the service behind was reached');
      });
    }

    it('writes the decision into the access log, under the id that the client was told', async () => {
      const envoy: Envoy = await stage.another({version});
      await askPort(envoy.port, {path: '/orders/1', token: tokens.get('alice') ?? ''});
      const {decision} = (await askPort(envoy.port, {path: '/admin', token: tokens.get('bob') ?? ''})).json();
      const [allowed, denied] = await envoy.accessLog(2);
      assert.equal(allowed?.postern?.rule, 'any');
      assert.equal(allowed?.postern?.outcome, 'allow');
      assert.equal(allowed?.postern?.subject, 'alice');
      assert.equal(denied?.postern?.reason, 'missing_role');
      assert.equal(denied?.postern?.decision, decision);
      assert.equal(denied?.flags, 'UAEX');
    });

    it('no token, and no claim beyond subject and tenant, stands in the log', () => {
      const logs = stage.postern.logs();
      for (const token of tokens.values()) {
        assert.ok(!logs.includes(token) && !logs.includes(token.split('.')[2] ?? token), 'a token was logged');
      }
      assert.ok(!logs.includes('🙂') && !logs.includes('viewer'), 'a claim was logged');
    });
  });
}
