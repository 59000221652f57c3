// Finding a rule: first match wins, and the trie agrees with reading the rules one by one.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {canonicalHost} from '../../../src/core/request/authority.ts';
import {canonicalPath, type PathOptions} from '../../../src/core/request/path.ts';
import type {Match, Rule} from '../../../src/core/rule/rules.ts';
import {makeRuleTable} from '../../../src/core/rule/ruleTable.ts';
import {request} from '../../support/requests.ts';

const options: PathOptions = {caseSensitive: true, allow: new Set()};
const rule = (name: string, match: Match): Rule => ({name, match, access: {access: 'public'}, shadow: false});

const rules: Rule[] = [
  rule('health', {path: '/healthz'}),
  rule('admin', {path: '/admin/**'}),
  rule('read-orders', {
    hosts: ['api.acme.example', '*.eu.acme.example'],
    methods: ['GET', 'HEAD'],
    path: '/orgs/{org}/orders/**',
  }),
  rule('one-order', {path: '/orgs/{org}/orders/{order}'}),
  rule('star', {path: '/files/*'}),
  rule('post-anything', {methods: ['POST']}),
  rule('late-admin', {path: '/admin/x'}),
  rule('tcp', {connection: 'tcp'}),
  rule('root', {path: '/'}),
];
const table = makeRuleTable(rules, options);
const find = (target: string, fields: Parameters<typeof request>[1] = {}) => {
  const asked = request(target, fields);
  return table.find(asked, canonicalPath(target, options), canonicalHost(asked.host));
};

describe('makeRuleTable', () => {
  const rows: [
    target: string,
    fields: Parameters<typeof request>[1],
    rule: string | undefined,
    captures?: Record<string, string>,
  ][] = [
    ['/healthz', {}, 'health'],
    ['/healthz/', {}, 'health'],
    ['/healthz?x=/admin', {}, 'health'],
    ['/HEALTHZ', {}, undefined],
    ['/healthz/x', {}, undefined],
    ['/admin', {}, 'admin'],
    ['/admin/', {}, 'admin'],
    ['/admin/x', {}, 'admin'],
    ['/administrator', {}, undefined],
    ['/orgs/t1/orders', {}, 'read-orders', {org: 't1'}],
    ['/orgs/t%201/orders/7/lines', {}, 'read-orders', {org: 't 1'}],
    ['/orgs/t1/orders/7', {host: 'other.example'}, 'one-order', {org: 't1', order: '7'}],
    ['/orgs/t1/orders/7', {host: 'API.Acme.Example.:8443'}, 'read-orders', {org: 't1'}],
    ['/orgs/t1/orders/7', {host: 'a.b.eu.acme.example'}, 'read-orders', {org: 't1'}],
    ['/orgs/t1/orders/7', {host: 'eu.acme.example'}, 'one-order', {org: 't1', order: '7'}],
    ['/orgs/t1/orders/7', {host: '.eu.acme.example'}, undefined],
    ['/orgs/t1/orders/7', {host: ''}, 'one-order', {org: 't1', order: '7'}],
    ['/orgs/t1/orders/7', {host: 'xeu.acme.example'}, 'one-order', {org: 't1', order: '7'}],
    ['/orgs/t1/orders/7', {method: 'get'}, 'one-order', {org: 't1', order: '7'}],
    ['/files/a', {}, 'star'],
    ['/files', {}, undefined],
    ['/files/a/b', {}, undefined],
    ['/anything/else', {method: 'POST'}, 'post-anything'],
    ['/', {}, 'root'],
    ['/healthz', {namedRule: 'health'}, 'health'],
    ['/healthz', {namedRule: 'root'}, undefined],
    ['/healthz', {namedRule: 'nope'}, undefined],
    ['/healthz', {namedRule: '__proto__'}, undefined],
    ['/admin/x', {namedRule: 'late-admin'}, 'late-admin'],
    ['/', {namedRule: 'tcp'}, undefined],
    ['', {kind: 'connection'}, 'tcp'],
    ['', {kind: 'connection', namedRule: 'tcp'}, 'tcp'],
    ['', {kind: 'connection', namedRule: 'root'}, undefined],
    ['/__proto__', {}, undefined],
  ];
  for (const [target, fields, expected, captures = {}] of rows) {
    it(`${JSON.stringify(fields)} ${target} -> ${expected}`, () => {
      const found = find(target, fields);
      assert.equal(found?.rule.name, expected);
      assert.deepEqual(Object.fromEntries(found?.captures ?? []), captures);
    });
  }

  it('compares without case when told to, patterns included', () => {
    const caseless: PathOptions = {caseSensitive: false, allow: new Set()};
    const found = makeRuleTable([rule('a', {path: '/Orgs/{org}'})], caseless).find(
      request('/ORGS/T1'),
      canonicalPath('/ORGS/T1', caseless),
      'api.acme.example',
    );
    assert.deepEqual([found?.rule.name, found?.captures.get('org')], ['a', 'T1']);
  });

  it('agrees with reading the rules one by one', () => {
    const segment = fc.constantFrom('a', 'b', '*', '{x}');
    const pattern = fc
      .tuple(fc.array(segment, {maxLength: 3}), fc.boolean())
      .map(([parts, rest]) => `/${[...parts, ...(rest ? ['**'] : [])].join('/')}`);
    const match = fc.record(
      {
        hosts: fc.uniqueArray(fc.constantFrom('x.example', '*.example', '*.x.example'), {minLength: 1}),
        methods: fc.uniqueArray(fc.constantFrom('GET', 'PUT'), {minLength: 1}),
        path: pattern,
      },
      {requiredKeys: []},
    );
    const asked = fc.record({
      host: fc.constantFrom('x.example', 'y.example', 'a.x.example', 'other', 'X.EXAMPLE:80'),
      method: fc.constantFrom('GET', 'PUT', 'HEAD'),
      parts: fc.array(fc.constantFrom('a', 'b', 'c'), {maxLength: 4}),
    });
    fc.assert(
      fc.property(fc.array(match, {maxLength: 12}), asked, (matches, {host, method, parts}) => {
        const some = matches.map((of, index) => rule(`r${index}`, of as Match));
        const target = `/${parts.join('/')}`;
        const found = makeRuleTable(some, options).find(
          request(target, {host, method}),
          canonicalPath(target, options),
          canonicalHost(host),
        );
        const expected = some.find(({match: of}) => holds(of, host, method, parts));
        assert.equal(found?.rule.name, expected?.name);
      }),
      {numRuns: 2_000},
    );
  });
});

/** The obvious way, for comparison. */
const holds = ({hosts, methods, path}: Match, host: string, method: string, parts: string[]): boolean => {
  const name = canonicalHost(host) ?? '';
  if (
    hosts &&
    !hosts.some((of) => (of.startsWith('*.') ? name.length > of.length - 1 && name.endsWith(of.slice(1)) : name === of))
  )
    return false;
  if (methods && !methods.includes(method)) return false;
  if (path === undefined) return true;
  const regex = path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (part === '**' ? '(/.*)?' : part === '*' || part.startsWith('{') ? '/[^/]+' : `/${part}`))
    .join('');
  return new RegExp(`^${regex}$`).test(parts.map((part) => `/${part}`).join(''));
};
