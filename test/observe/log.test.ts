// Log lines are JSON with canonical names, and a secret that a caller lets slip does not get out.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {resolve} from 'node:path';
import fc from 'fast-check';
import {type Log, makeLog} from '../../src/observe/log.ts';
import {printable, redacted} from '../../src/observe/redact.ts';
import type {LogSettings} from '../../src/observe/settings.ts';

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl-_canary';

const make = (level: LogSettings['level'] = 'trace', secrets: readonly string[] = []) => {
  const lines: string[] = [];
  const log = makeLog({settings: {level}, sink: {write: (line) => lines.push(line)}, secrets: () => secrets});
  return {log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null')};
};

describe('log', () => {
  it('writes one JSON object a line: time, level, message, and the fields', () => {
    const {log, lines, last} = make();
    log.warn({dependency: 'redis', count: 3, nothing: undefined}, 'redis is away');
    const {time, ...rest} = last();
    assert.ok(!Number.isNaN(Date.parse(time)));
    assert.deepEqual(rest, {level: 'warn', dependency: 'redis', count: 3, message: 'redis is away'});
    assert.match(lines[0] ?? '', /^\{.*\}\n$/);
  });

  it('a level that is off writes nothing; silent writes nothing at all', () => {
    const rows: [LogSettings['level'], number][] = [
      ['trace', 6],
      ['info', 4],
      ['error', 2],
      ['silent', 0],
    ];
    for (const [level, count] of rows) {
      const {log, lines} = make(level);
      for (const line of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[line]({}, 'x');
      assert.equal(lines.length, count, level);
    }
  });

  it('errors are written with their cause, without what libraries hang on them', () => {
    const {log, last, lines} = make();
    const error = Object.assign(new Error('outer', {cause: new TypeError('inner')}), {
      code: 'ECONNRESET',
      request: {headers: {authorization: 'Bearer canary-on-error'}},
    });
    log.error({err: error}, 'failed');
    assert.equal(last().err.type, 'Error');
    assert.equal(last().err.code, 'ECONNRESET');
    assert.equal(last().err.cause.message, 'inner');
    assert.match(last().err.stack, /log\.test\.ts/);
    assert.ok(!lines.join('').includes('canary'));
  });

  const slips: [string, (log: Log) => void][] = [
    ['a token in a field of that name', (log) => log.info({token: 'canary-1'}, 'x')],
    ['a header table', (log) => log.info({request: {headers: {'x-api-key': 'canary-1'}}}, 'x')],
    ['client_secret, deep', (log) => log.info({a: {b: [{client_secret: 'canary-1'}]}}, 'x')],
    ['a Map with a cookie', (log) => log.info({held: new Map([['Set-Cookie', 'canary-1']])}, 'x')],
    ['claims', (log) => log.info({claims: {email: 'canary-1'}}, 'x')],
    ['bytes', (log) => log.info({bytes: Buffer.from('canary-1')}, 'x')],
    ['a field of a child', (log) => log.with({password: 'canary-1'}).info({}, 'x')],
    ['a JWT in a sentence', (log) => log.info({}, `cannot read ${jwt}`)],
    ['a JWT after a line break', (log) => log.info({note: `\n${jwt}`}, 'x')],
    ['a JWT in the message of an error', (log) => log.error({err: new Error(`bad: ${jwt}`)}, 'x')],
    ['a JWT in the cause of an error', (log) => log.error({err: new Error('bad', {cause: new Error(jwt)})}, 'x')],
    ['an Authorization value in a sentence', (log) => log.info({}, 'got authorization: Bearer canary-123')],
    ['Basic after a line break', (log) => log.info({note: '\nBasic canary-123'}, 'x')],
    ['a password in a URL', (log) => log.info({url: 'redis://user:canary-1@redis:6379/0'}, 'x')],
    ['a query in a URL', (log) => log.info({}, 'GET https://id.example/cb?code=canary-1 failed')],
    ['a secret of the configuration', (log) => log.info({}, 'value is plain-canary-"secret"')],
  ];
  for (const [what, slip] of slips) {
    it(`takes out ${what}`, () => {
      const {log, lines, last} = make('info', ['plain-canary-"secret"']);
      slip(log);
      assert.equal(lines.length, 1);
      assert.ok(!/canary/.test(lines[0] ?? ''), lines[0]);
      assert.match(lines[0] ?? '', /\[redacted\]/);
      assert.equal(typeof last().message, 'string');
    });
  }

  it('leaves the rest alone', () => {
    for (const text of [
      'provider acme: keys at https://id.example/jwks answered 500',
      'decision 3f0e8c1a-7d1b-4f0e-9c1a-1b2c3d4e5f60',
      'listening on unix:///run/postern/check.sock',
      'What is this? A sentence.',
    ])
      assert.equal(redacted(text), text);
  });

  it('long strings, wide lists and deep trees are cut, cycles end', () => {
    const {log, lines} = make();
    const tree: Record<string, unknown> = {
      list: Array.from({length: 10_000}, () => 'xxxxxxxxxx'),
      text: 'y'.repeat(1_000_000),
    };
    tree.self = tree;
    log.info({tree}, 'x');
    assert.ok((lines[0]?.length ?? 0) < 20_000);
  });

  it('a line is one line of JSON whatever comes in, and a canary in a token never gets out', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), fc.string({unit: 'grapheme'}), (before, after) => {
        const {log, lines} = make();
        log.info({before, after: `${after} ${jwt}`}, before);
        assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
        JSON.parse(lines[0] ?? '');
        assert.ok(!lines[0]?.includes('c2lnbmF0dXJl'));
      }),
    );
  });

  it('text from outside cannot steer a terminal', () => {
    const rows: [string, string][] = [
      ['plain /path', 'plain /path'],
      ['\u001b[2J', '\ufffd[2J'],
      ['a\u202eb', 'a\ufffdb'],
      ['a\u2028b\u0085c\ud800', 'a\ufffdb\ufffdc\ufffd'],
      ['Zoë', 'Zoë'],
    ];
    for (const [text, expected] of rows) assert.equal(printable(text, 100), expected);
    assert.equal(printable('x'.repeat(100), 10), `${'x'.repeat(10)}…`);
  });

  it('a line written just before the end of the process is written', () => {
    const source = resolve(import.meta.dirname, '../../src/observe/log.ts');
    const script = `const {makeLog} = await import(${JSON.stringify(source)});
      makeLog({settings: {level: 'info'}}).info({}, 'last words'); process.exit(0);`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {encoding: 'utf8'});
    assert.equal(JSON.parse(out).message, 'last words');
  });
});
