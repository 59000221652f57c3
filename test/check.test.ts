// The way of one request, with providers that vouch for fixed secrets.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {type CheckParts, makeCheck} from '../src/check.ts';
import type {Entitled} from '../src/core/entitlement/entitlement.ts';
import type {Access, Rule} from '../src/core/rule/rules.ts';
import {DeadlinePassed, Unavailable} from '../src/core/unavailable.ts';
import type {Authentication} from '../src/providers/provider.ts';
import {context, plainPlace, principal, request, tableProvider} from './support/requests.ts';

const answers = new Map<string, Authentication | Error>([
  ['k-good', {verified: principal({roles: ['admin']}), setCookies: ['s=1']}],
  ['k-revoked', {verified: principal({subject: 'gone'})}],
  ['k-expired', {rejected: 'token_expired', setCookies: ['s=']}],
  ['k-outage', new Unavailable('keys:acme', new Error('500'))],
  ['k-slow', new Unavailable('keys:acme', new DeadlinePassed('it is being asked'))],
  ['k-bug', new TypeError('a bug')],
  ['k-garbage', {} as Authentication],
]);
const features: Record<string, Entitled | Error> = {
  bought: {entitled: true},
  missing: {entitled: false, justification: 'missing-feature'},
  expired: {entitled: false, justification: 'bundle-expired'},
  outage: new Unavailable('entitlements'),
};

const rule = (name: string, access: Access, extra: Partial<Rule> = {}): Rule => ({
  name,
  match: {path: `/${name}`},
  access,
  shadow: false,
  ...extra,
});
const requiring = (require: Extract<Access, {access: 'require'}>['require']): Access => ({access: 'require', require});

const parts = (): CheckParts => ({
  rules: [
    rule('public', {access: 'public'}),
    rule('identify', {access: 'identify', require: {}}),
    rule('lenient', {access: 'lenient', require: {}}),
    rule('closed', {access: 'deny'}),
    rule('any', requiring({})),
    rule('admin', requiring({roles: {any: ['admin']}})),
    rule('owner', requiring({roles: {any: ['owner']}, features: {any: ['outage']}})),
    rule('bought', requiring({features: {any: ['missing', 'bought']}})),
    rule('expired', requiring({features: {any: ['missing', 'expired']}})),
    rule('all', requiring({features: {all: ['bought', 'missing']}})),
    rule('outage', requiring({features: {any: ['outage']}})),
    rule('permission', requiring({entitledPermissions: {any: ['orders.read']}})),
    rule('keys-only', requiring({providers: ['keys']})),
    rule('related', requiring({relation: {provider: 'keys', permission: 'get', resource: 'p:{x}'}}), {
      match: {path: '/related/{x}'},
    }),
    rule('shadow', requiring({roles: {any: ['owner']}}), {shadow: true}),
    rule('shadow-closed', {access: 'deny'}, {shadow: true}),
    rule('tcp', {access: 'public'}, {match: {connection: 'tcp'}}),
  ],
  paths: {caseSensitive: true, allow: new Set()},
  providers: [
    tableProvider('acme', plainPlace('authorization'), answers, 'k-'),
    {
      ...tableProvider('keys', plainPlace('x-api-key'), new Map([['1', {verified: principal({provider: 'keys'})}]])),
      related: async (_principal, _credential, {permission, resource}) => permission === 'get' && resource === 'p:7',
    },
  ],
  revocations: {revoked: ({subject}) => subject === 'gone'},
  entitlements: {
    entitled: (_principal, question) => {
      const known = 'feature' in question ? features[question.feature] : features.missing;
      if (known instanceof Error) throw known;
      return known ?? {entitled: false, justification: 'missing-permission'};
    },
    holdings: () => assert.fail('nobody asked how much'),
    catalog: () => undefined,
  },
});

describe('makeCheck', () => {
  const check = makeCheck(parts());
  type Row = [target: string, headers: Record<string, string>, outcome: string];
  const good = {authorization: 'k-good'};
  const rows: Row[] = [
    ['/public', {}, 'allow'],
    ['/public', {authorization: 'k-expired'}, 'allow'],
    ['//public', {}, 'deny ambiguous_path'],
    ['/nowhere', good, 'deny no_rule'],
    ['/closed', good, 'deny denied_by_rule'],
    ['/identify', {}, 'allow'],
    ['/identify', good, 'allow u1'],
    ['/identify', {authorization: 'k-expired'}, 'deny token_expired'],
    ['/lenient', {}, 'allow'],
    ['/lenient', good, 'allow u1'],
    ['/lenient', {authorization: 'k-expired'}, 'allow ignored token_expired'],
    ['/lenient', {authorization: 'k-unknown'}, 'allow ignored bad_signature'],
    ['/lenient', {authorization: 'other'}, 'allow ignored unsupported_credential'],
    ['/lenient', {authorization: 'k-revoked'}, 'allow ignored revoked'],
    ['/lenient', {authorization: 'k-outage'}, 'allow ignored unavailable'],
    ['/lenient', {authorization: 'k-slow'}, 'allow ignored deadline'],
    ['/any', {}, 'deny no_credential'],
    ['/any', good, 'allow u1'],
    ['/any', {authorization: 'k-unknown'}, 'deny bad_signature'],
    ['/any', {authorization: 'other'}, 'deny unsupported_credential'],
    ['/any', {authorization: 'other', 'x-api-key': '1'}, 'deny unsupported_credential'],
    ['/any', {'x-api-key': '1'}, 'allow u1'],
    ['/any', {authorization: 'k-revoked'}, 'deny revoked'],
    ['/any', {authorization: 'k-outage'}, 'deny unavailable'],
    ['/any', {authorization: 'k-slow'}, 'deny deadline'],
    ['/admin', good, 'allow u1'],
    ['/owner', good, 'deny missing_role'],
    ['/bought', good, 'allow u1'],
    ['/expired', good, 'deny feature_expired'],
    ['/all', good, 'deny missing_feature'],
    ['/outage', good, 'deny unavailable'],
    ['/permission', good, 'deny missing_feature'],
    ['/keys-only', good, 'deny no_credential'],
    ['/keys-only', {...good, 'x-api-key': '1'}, 'allow u1'],
    ['/related/7', {'x-api-key': '1'}, 'allow u1'],
    ['/related/8', {'x-api-key': '1'}, 'deny not_related'],
    ['/shadow', good, 'allow u1 shadow missing_role'],
    ['/shadow', {}, 'allow shadow no_credential'],
    ['/shadow', {authorization: 'k-revoked'}, 'allow shadow revoked'],
    ['/shadow', {authorization: 'k-outage'}, 'allow shadow unavailable'],
    ['/shadow', {authorization: 'k-slow'}, 'allow shadow deadline'],
    ['/shadow-closed', {}, 'allow shadow denied_by_rule'],
  ];
  for (const [target, headers, expected] of rows) {
    it(`${target} ${JSON.stringify(headers)}: ${expected}`, async () => {
      const decision = await check(request(target, {headers}), context());
      const shown =
        decision.outcome === 'deny'
          ? `deny ${decision.reason}`
          : [
              'allow',
              decision.principal?.subject,
              decision.shadow && `shadow ${decision.shadow}`,
              decision.ignored && `ignored ${decision.ignored}`,
            ]
              .filter(Boolean)
              .join(' ');
      assert.equal(shown, expected);
    });
  }

  it('keeps every credential from the upstream where a lenient rule knows nobody', async () => {
    const withheld = async (headers: Record<string, string>) => {
      const decision = await check(request('/lenient', {headers}), context());
      return decision.outcome === 'allow' ? decision.withheld?.map(({label}) => label) : [];
    };
    assert.deepEqual(await withheld({authorization: 'k-expired'}), ['header:authorization', 'header:x-api-key']);
    assert.equal(await withheld(good), undefined);
    assert.equal(await withheld({}), undefined);
  });

  it('decides a connection by the rule for connections', async () => {
    assert.equal((await check(request('', {kind: 'connection'}), context())).outcome, 'allow');
  });

  it('rejects for a bug, and for a provider that says nothing it does not allow', async () => {
    await assert.rejects(async () => check(request('/any', {headers: {authorization: 'k-bug'}}), context()), TypeError);
    const decision = await check(request('/any', {headers: {authorization: 'k-garbage'}}), context());
    assert.equal(decision.outcome, 'deny');
  });

  it('passes on what the provider wants the client to have, on allow and on deny', async () => {
    assert.deepEqual((await check(request('/any', {headers: good}), context())).setCookies, ['s=1']);
    assert.deepEqual((await check(request('/any', {headers: {authorization: 'k-expired'}}), context())).setCookies, [
      's=',
    ]);
  });

  it('asks only the provider that accepted', async () => {
    const made = parts();
    await makeCheck(made)(request('/any', {headers: {authorization: 'k-unknown', 'x-api-key': '1'}}), context());
    assert.deepEqual(
      made.providers.map((provider) => (provider as unknown as {asked: string[]}).asked),
      [['k-unknown'], []],
    );
  });

  it('never turns a deny into an allow because of a header that carries no credential', async () => {
    const name = fc.constantFrom(
      'x-forwarded-for',
      'x-forwarded-host',
      'x-http-method-override',
      'x-original-url',
      'x-rewrite-url',
      'x-forwarded-uri',
      'x-auth-subject',
      '__proto__',
      'x-envoy-original-path',
      'host',
      ':path',
      ':method',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...rows.filter(([, , outcome]) => outcome.startsWith('deny'))),
        fc.dictionary(name, fc.constantFrom('/public', 'GET', 'localhost', 'k-good', '127.0.0.1')),
        async ([target, headers, outcome], added) => {
          const decision = await check(request(target, {headers: {...added, ...headers}}), context());
          assert.equal(decision.outcome === 'deny' && `deny ${decision.reason}`, outcome);
        },
      ),
    );
  });
});

describe('what is only told besides a refusal', () => {
  const notBought: Entitled = {entitled: false, justification: 'missing-feature'};
  const outage = new Unavailable('entitlements');
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  type Asked = () => Entitled | Promise<Entitled>;
  const throws = (): never => {
    throw outage;
  };
  const rows: [what: string, answers: readonly [first: Asked, second: Asked], catalog: () => undefined][] = [
    ['the other feature cannot be asked about', [() => notBought, throws], () => undefined],
    ['the same, late', [async () => notBought, () => Promise.reject(outage)], () => undefined],
    ['what is sold cannot be known', [() => notBought, () => notBought], throws],
  ];
  for (const [what, [first, second], catalog] of rows)
    it(`${what}: it is refused all the same`, async () => {
      const check = makeCheck({
        ...parts(),
        upgrades: true,
        rules: [rule('two', requiring({features: {all: ['first', 'second']}}))],
        entitlements: {
          ...parts().entitlements,
          entitled: (_, question) => ('feature' in question && question.feature === 'first' ? first() : second()),
          catalog,
        },
      });
      const decision = await check(request('/two', {headers: {authorization: 'k-good'}}), context());
      assert.equal(decision.outcome === 'deny' && decision.reason, 'missing_feature');
    });

  it('nothing that was begun is left without anybody who waits for it', async () => {
    const lost: unknown[] = [];
    const hear = (error: unknown) => lost.push(error);
    process.on('unhandledRejection', hear);
    let asked = 0;
    const check = makeCheck({
      ...parts(),
      upgrades: true,
      rules: [rule('two', requiring({features: {all: ['first', 'second']}}))],
      entitlements: {
        ...parts().entitlements,
        entitled: (_, question) => {
          if ('feature' in question && question.feature === 'second') throw outage;
          return asked++ === 0 ? notBought : Promise.reject(outage);
        },
      },
    });
    const decision = await check(request('/two', {headers: {authorization: 'k-good'}}), context());
    await turn();
    process.off('unhandledRejection', hear);
    assert.equal(decision.outcome === 'deny' && decision.reason, 'missing_feature');
    assert.deepEqual(lost, []);
  });

  it('a limit that nobody has: the same', async () => {
    const check = makeCheck({
      ...parts(),
      upgrades: true,
      rules: [rule('limited', requiring({}), {limits: ['api']})],
      entitlements: {
        ...parts().entitlements,
        entitled: throws,
        holdings: () => ({plans: [], grace: false, amounts: new Map()}),
      },
      providers: [
        tableProvider('acme', plainPlace('authorization'), new Map([['k', {verified: principal({tenant: 't'})}]])),
      ],
    });
    const decision = await check(request('/limited', {headers: {authorization: 'k'}}), context());
    assert.equal(decision.outcome === 'deny' && decision.reason, 'missing_feature');
  });
});
