// The settings `server` and `responses`: what they take, what they become, what they refuse.
import assert from 'node:assert/strict';
import {z} from 'zod';
import {responsesSettings, serverSettings} from '../../src/envoy/settings.ts';

const refusalsOf = (schema: z.ZodType, given: unknown): string[] =>
  (schema.safeParse(given).error?.issues ?? []).map(({path, message}) => `${path.join('.')} ${message}`);

describe('settings server', () => {
  it('defaults', () =>
    assert.deepEqual(serverSettings.parse(undefined), {
      listen: [{kind: 'tcp', host: '127.0.0.1', port: 9191}],
      maxMessage: 262_144,
      reflection: false,
      drain: 10_000,
      drainDelay: 0,
    }));
  it('a list, TLS, durations', () =>
    assert.deepEqual(
      serverSettings.parse({
        listen: ['unix:///run/postern/check.sock', '[::]:9191'],
        tls: {cert: 'tls.crt', key: 'tls.key', clientCa: 'ca.crt'},
        maxMessage: '4MiB',
        reflection: true,
        drain: '1m',
        drainDelay: '500ms',
      }),
      {
        listen: [
          {kind: 'unix', path: '/run/postern/check.sock'},
          {kind: 'tcp', host: '::', port: 9191},
        ],
        tls: {cert: 'tls.crt', key: 'tls.key', clientCa: 'ca.crt'},
        maxMessage: 4_194_304,
        reflection: true,
        drain: 60_000,
        drainDelay: 500,
      },
    ));
  const refused: [string, unknown, RegExp][] = [
    ['no address', {listen: '9191'}, /^listen .*host:port/],
    ['an empty list', {listen: []}, /^listen /],
    ['a certificate without a key', {tls: {cert: 'a'}}, /^tls\.key /],
    ['a number for a duration', {drain: 10}, /^drain /],
    ['a number for a size', {maxMessage: 4194304}, /^maxMessage .*256KiB/],
    ['a size that would refuse every request', {maxMessage: '1KiB'}, /^maxMessage must be at least 16KiB/],
    ['a size beyond memory', {maxMessage: '1000MiB'}, /^maxMessage must be at most 64MiB/],
    ['an unknown key', {port: 1}, /port/],
  ];
  for (const [what, given, expected] of refused)
    it(`refuses ${what}`, () => assert.match(refusalsOf(serverSettings, given).join('\n'), expected));
});

describe('settings responses', () => {
  it('defaults: nothing is added, nothing removed', () =>
    assert.deepEqual(responsesSettings.parse(undefined), {
      identity: new Map(),
      removeCredential: false,
      format: 'problem',
      status: {},
      errors: 'response',
    }));
  it('header names become lower case', () =>
    assert.deepEqual(
      responsesSettings.parse({identity: {'X-Auth-Subject': 'subject', 'x-org': 'claims.org.name'}}).identity,
      new Map([
        ['x-auth-subject', 'subject'],
        ['x-org', 'claims.org.name'],
      ]),
    ));
  it('a feature may have any name, also where a header carries how much of it', () => {
    const identity = {'x-a': 'value.a.b', 'x-b': 'value.__proto__', 'x-c': 'value.two\nlines', 'x-d': 'value.ü,%'};
    assert.deepEqual(responsesSettings.parse({identity}).identity, new Map(Object.entries(identity)));
  });
  const refused: [string, unknown, RegExp][] = [
    ['a pseudo-header', {identity: {':path': 'subject'}}, /^identity\.:path /],
    ['the host', {identity: {Host: 'subject'}}, /^identity\.Host /],
    ['a header that frames the message', {identity: {'transfer-encoding': 'subject'}}, /^identity\.transfer-encoding /],
    [
      'one header in two spellings',
      {identity: {'x-a': 'subject', X_A: 'tenant'}},
      /^identity\.X_A is the same header as x-a/,
    ],
    [
      'a field that no principal has',
      {identity: {'x-a': 'password'}},
      /^identity\.x-a is nothing that a principal has/,
    ],
    ['a value without a name', {identity: {'x-a': 'value.'}}, /^identity\.x-a .*value\.<feature>/],
    ['metadata of what stands there anyway', {metadata: ['subject']}, /^metadata\.0 .*write plan, or value/],
    ['an upgrade that is no address', {upgrade: {link: 'app.example/{plan}'}}, /^upgrade\.link /],
    [
      'an upgrade with a place that nothing fills in',
      {upgrade: {link: 'https://app.example/{Plan}'}},
      /^upgrade\.link holds \{Plan\}, .*did you mean "\{plan\}"\?/,
    ],
    [
      'an upgrade with a place that is not closed',
      {upgrade: {link: 'https://app.example/{plan'}},
      /^upgrade\.link has a /,
    ],
    [
      'an upgrade whose host is filled in',
      {upgrade: {link: 'https://{plan}.example/'}},
      /^upgrade\.link has \{plan\} in its host/,
    ],
    [
      'an upgrade whose host a client would go on',
      {upgrade: {link: 'https://app.example{url}'}},
      /\{url\} in its host/,
    ],
    [
      'an upgrade that browsers take for a path',
      {upgrade: {link: 'https:app.example/'}},
      /^upgrade\.link is not .*begin with https:\/\/[^\n]*$/,
    ],
    ['an upgrade with a backslash', {upgrade: {link: 'https://app.example\\@evil.example/'}}, /without any/],
    ['an upgrade that runs a script', {upgrade: {link: 'javascript:alert({plan})'}}, /^upgrade\.link is not an http/],
    ['an upgrade with a name and a password', {upgrade: {link: 'https://u:p@app.example/'}}, /without user name/],
    ['a claim without a name', {identity: {'x-a': 'claims.'}}, /^identity\.x-a /],
    ['a status beyond 4xx', {status: {missing_feature: 302}}, /^status\.missing_feature /],
    ['a status that lets through', {status: {no_rule: 200}}, /^status\.no_rule /],
    ['a status Envoy does not know', {status: {no_rule: 418}}, /^status\.no_rule /],
    ['a status for an outage', {status: {unavailable: 403}}, /unavailable/],
    ['a status for an unknown reason', {status: {bad_mood: 403}}, /bad_mood/],
    ['a login page that is no URL', {login: {url: '/login'}}, /^login\.url /],
    [
      'a login page with a plan',
      {login: {url: 'https://l.example/?p={plan}'}},
      /^login\.url holds \{plan\}, .*\{url\}/,
    ],
    ['a login page whose host is filled in', {login: {url: 'https://{url}'}}, /^login\.url has \{url\} in its host/],
    ['a login page with a line break', {login: {url: 'https://l/\nx: y'}}, /^login\.url /],
    ['an unknown format', {format: 'xml'}, /^format /],
  ];
  for (const [what, given, expected] of refused)
    it(`refuses ${what}`, () => assert.match(refusalsOf(responsesSettings, given).join('\n'), expected));
});

it('every key of both is described', () => {
  const walk = (schema: z.core.JSONSchema.JSONSchema, path: string): void => {
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      const child = value as z.core.JSONSchema.JSONSchema;
      assert.ok(child.description, `${path}.${key}`);
      walk(child, `${path}.${key}`);
    }
  };
  walk(z.toJSONSchema(z.object({server: serverSettings, responses: responsesSettings}), {io: 'input'}), '');
});
