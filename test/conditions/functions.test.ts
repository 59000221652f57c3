// Functions as CEL's specification has them where the library does not, on a machine in any time zone; claims of any shape.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readCondition} from '../../src/conditions/condition.ts';
import {conditionFault} from '../../src/conditions/settings.ts';

const claims = {
  nothing: null,
  inner: {nothing: null, list: [null]},
  empty: '',
  blank: ' 12 ',
  hex: '0x10',
  number: '12',
  seconds: 1_795_856_880,
  beyond: JSON.parse('9007199254740993'),
  deep: JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`),
  constructor: null,
  toString: {constructor: {name: 'Object'}},
  __proto__: undefined,
  list: [{constructor: 1, a: 'x'}],
  level: 3,
};
Object.defineProperty(claims, '__proto__', {value: {x: 1}, enumerable: true});
const spring = Date.UTC(2026, 2, 29, 2, 30);

const answer = (text: string, now = spring) => {
  const read = readCondition(text);
  assert.ok('condition' in read, `${text}: ${JSON.stringify(read)}`);
  return read.condition.test({claims, now, request: new Map([['headers', new Map([['a', '']])]])});
};

type Row = [text: string, answer: boolean | RegExp];
const unfit = /not what is needed/;

const rows: Row[] = [
  ['int("12") == 12 && int("-12") == -12 && int("+7") == 7 && int("007") == 7', true],
  ['int(claims.number) == 12', true],
  ['int(claims.empty) == 0', unfit],
  ['int(request.headers.a) == 0', unfit],
  ['int(claims.blank) == 12', unfit],
  ['int(claims.hex) == 16', unfit],
  ['uint(claims.empty) == 0u', unfit],
  ['double(claims.empty) == 0.0', unfit],
  ['double(claims.hex) == 16.0', unfit],
  ['double("1e3") == 1000.0 && double(".5") == 0.5 && double("-inf") < 0.0 && double("NaN") != double("NaN")', true],
  ['int("9223372036854775807") == 9223372036854775807', true],
  ['claims.list.map(x, int(x.a + "99999999999999999999999")).size() == 1', unfit],
  // Seconds, as in tokens.
  ['timestamp(int(claims.seconds)) == timestamp("2026-11-28T09:08:00Z")', true],
  ['int(timestamp(1000)) == 1000', true],
  ['now > timestamp(int(claims.seconds))', false],
  ['timestamp(253402300799) > now && timestamp(-62135596800) < now', true],
  ['timestamp(int(claims.seconds) * 1000000) > now', /out of range/],
  ['"a b c".split(" ", 2) == ["a", "b c"]', true],
  ['"a b c".split(" ", 1) == ["a b c"] && "a b c".split(" ", 0) == [] && "a b".split(" ", -1) == ["a", "b"]', true],
  ['"añ😀".split("") == ["a", "ñ", "😀"]', true],
  ['"abc".replace("", "_") == "_a_b_c_" && "abc".replace("", "_", 2) == "_a_bc"', true],
  [
    '"aaa".replace("a", "aa") == "aaaaaa" && "aaa".replace("a", "b", 1) == "baa" && "aaa".replace("a", "b", 0) == "aaa"',
    true,
  ],
  // Null is there.
  ['has(claims.nothing) && "nothing" in claims && claims.nothing == null', true],
  ['has(claims.inner.nothing) && "nothing" in claims.inner && claims.inner.list == [null]', true],
  ['"b" in {"a": null}', false],
  ['"a" in {"a": null}', true],
  // Names that objects have of themselves.
  ['claims.level == 3', true],
  ['has(claims.constructor) && claims.constructor == null', true],
  ['claims.toString.constructor.name == "Object"', true],
  ['has(claims.valueOf)', false],
  ['claims["__proto__"].x == 1', true],
  ['claims.list[0].constructor == 1 && claims.list[0].a == "x"', true],
  ['claims.exists(name, name == "constructor") && claims.size() > 5', true],
  ['claims.deep == claims.deep', /not what is needed|cannot be worked out|too much work/],
  // Numbers of JSON are decimals, and rounded beyond 2^53.
  ['claims.beyond == 9007199254740992', true],
  ['type(claims.level) == double && type(claims.number) == string && type(claims.inner) == map', true],
  ['now.getHours() == 2 && now.getMinutes() == 30', true],
  ['now.getHours("Europe/Berlin") == 4 && now.getHours("America/St_Johns") == 0', true],
  ['now.getMinutes("Asia/Kathmandu") == 15 && now.getHours("-02:00") == 0 && now.getHours("23:00") == 1', true],
  ['now.getDayOfWeek() == 0 && now.getDate() == 29 && now.getDayOfMonth() == 28 && now.getMonth() == 2', true],
  ['now.getDayOfYear() == 87 && timestamp("2024-12-31T23:59:59.9999Z").getDayOfYear() == 365', true],
  ['timestamp("2024-12-31T23:59:59.9999Z").getSeconds() == 59', true],
  ['timestamp("0099-01-01T00:00:00Z").getFullYear() == 99', true],
  ['timestamp("0099-06-01T00:00:00Z").getFullYear("Europe/Berlin") == 99', true],
  ['now.getHours(claims.number) == 2', unfit],
  ['now - timestamp("2026-03-29T02:00:00Z") == duration("30m")', true],
  ['now - duration("30m") == timestamp("2026-03-29T02:00:00Z") && (now + duration("1h")).getHours() == 3', true],
  ['now + duration("9000000000s") > now', true],
  ['now + duration("2500000h") > timestamp(253402300799)', false],
];

describe('functions of conditions', () => {
  for (const [text, wanted] of rows)
    it(text, () => {
      const got = answer(text);
      if (typeof wanted === 'boolean') assert.equal(got, wanted);
      else assert.match(String(got), wanted);
    });

  it('mean the same on a machine in any time zone, in the hours that it does not have too', () => {
    const script = `
      import {readCondition} from ${JSON.stringify(new URL('../../src/conditions/condition.ts', import.meta.url).href)};
      const texts = ['now.getHours()', 'now.getHours("Europe/Berlin")', 'now.getHours("Pacific/Auckland")'];
      const found = texts.map((text) => {
        const hours = Array.from({length: 24}, (_, hour) => readCondition(text + ' == ' + hour).condition);
        const days = Array.from({length: 366 * 4}, (_, at) => Date.UTC(2026, 0, 1, 1, 30) + at * 6 * 3600_000);
        return days.map((now) => hours.findIndex(({test}) => test({now}) === true));
      });
      console.log(JSON.stringify(found));`;
    const of = (TZ: string): string =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        env: {...process.env, TZ, NODE_NO_WARNINGS: '1'},
        encoding: 'utf8',
      });
    const utc = of('UTC');
    assert.match(utc, /^\[\[1,7,13,19,/);
    for (const zone of ['Europe/Berlin', 'America/St_Johns']) assert.equal(of(zone), utc, zone);
  }).timeout(120_000);

  const refused: [text: string, words: RegExp][] = [
    ['now > timestamp("2026-01-01")', /is no timestamp that can be read: write "2026-01-31T00:00:00Z" \(character 17/],
    ['now - now < duration("5 minutes")', /is no duration that can be read: write "1h30m"/],
    ['int("ten") == 10', /is no int that can be read/],
    ['uint("-1") == 1u', /is no uint that can be read/],
    ['double("1,5") > 1.0', /is no double that can be read/],
    ['bool("yes")', /is no bool that can be read/],
    ['now.getHours("Europe/Berln") == 3', /is no time zone: write "Europe\/Berlin", "UTC" or "\+02:00" \(character 14/],
    ['now.getHours("") == 3', /is no time zone/],
    ['9223372036854775808 == 1', /is out of range: whole numbers have 64 bits/],
    ['-9223372036854775809 == 1', /is out of range/],
    ['18446744073709551616u == 1u', /is out of range/],
    ['request.headers["x y"] == "1"', /is no name of a header: "x y"/],
    ['request.headers[":path"] == "/"', /is no name of a header: ":path" \(of method, host and path ask/],
    ['has(claims)', /has\(\) asks for one member: write has\(claims\.level\)/],
    ['type(claims.level) == number', /there is no number/],
  ];
  for (const [text, words] of refused)
    it(`is refused: ${text}`, () => assert.match(conditionFault(text, []) ?? 'good', words));
  for (const text of ['-9223372036854775808 < 9223372036854775807', '18446744073709551615u > 0u'])
    it(`is good: ${text}`, () => assert.equal(conditionFault(text, []), undefined));
});
