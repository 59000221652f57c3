// What a condition may cost: work and space, measured in steps, whatever a client makes long.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {readCondition} from '../../src/conditions/condition.ts';
import {library} from '../../src/conditions/library.ts';
import {mostSteps} from '../../src/conditions/meter.ts';
import type {Bindings} from '../../src/core/condition.ts';

const conditionOf = (text: string) => {
  const read = readCondition(text);
  assert.ok('condition' in read, `${text}: ${JSON.stringify(read)}`);
  return read.condition;
};
const run = (text: string, bindings: Bindings) => {
  const answer = conditionOf(text).test(bindings);
  return {answer, steps: library().meter.spent()};
};

const long = 'a'.repeat(60_000);
const half = 'a'.repeat(15_000);
const many = Array.from({length: 20_000}, (_, at) => `m${at}`);
const random = Array.from({length: 20_000}, (_, at) => ((at * 7_919) % 13) % 2).join('');
/** The same name in so many spellings: each is a zone to Intl. */
const spelt = (name: string, which: number) =>
  [...name].map((one, at) => ((which >> at) & 1 ? one.toUpperCase() : one)).join('');
const claims = {
  long,
  half,
  needle: `${half}b${half}`,
  commas: ','.repeat(60_000),
  many,
  others: many.map((one) => `${one}x`),
  numbers: many.map((_, at) => at),
  map: Object.fromEntries(many.map((one) => [one, 1])),
  zones: many.map((_, at) => `Etc/GMT+${at}`),
  spellings: Array.from({length: 600}, (_, at) => `${spelt('america/argentina', at)}/ushuaia`),
  random,
  formats: '%.99f'.repeat(5_000),
  deep: JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`),
};
const literal = `[${Array.from({length: 40}, (_, at) => at).join(',')}]`;
const doubled = (times: number, step: string) => `[claims.half]${`.map(x, ${step})`.repeat(times)}`;

describe('what a condition may cost', () => {
  const tooMuch = /too much work/;

  // Each would hold the event loop for long, or fill the memory.
  const bombs: [what: string, text: string][] = [
    ['a text made twice as long, again and again', `${doubled(20, 'x + x')}.exists(x, x.contains("b"))`],
    ['a list made twice as long, again and again', `[claims.many]${'.map(x, x + x)'.repeat(20)}[0].size() > 3`],
    [
      'lists within lists',
      `[claims.many]${'.map(x, [x, x])'.repeat(20)} == [claims.many]${'.map(x, [x, x])'.repeat(8)}`,
    ],
    ['replace: nothing by much', 'claims.long.replace("", claims.half).size() > 1'],
    ['replace: a character by much', 'claims.long.replace("a", claims.half).size() > 1'],
    [
      'replace, again and again',
      'claims.half.replace("a", "aaaaaaaaaaaaaaaa").replace("a", "aaaaaaaaaaaaaaaa").replace("a", "aaaaaaaaaaaaaaaa").size() > 1',
    ],
    ['join with much', 'claims.many.join(claims.half).size() > 1'],
    ['join of a long one many times', 'claims.many.map(x, claims.half).join().size() > 1'],
    ['+ for each member', 'claims.many.map(x, claims.long + x).exists(x, x.endsWith("b"))'],
    ['bytes for each member', 'claims.many.map(x, bytes(claims.long)).size() > 1'],
    ['bytes + bytes for each member', 'claims.many.all(x, size(bytes(claims.half) + bytes(claims.half)) > 1)'],
    ['format of much', 'claims.many.all(x, "%s%s".format([claims.many, claims.many]).size() > 1)'],
    ['format with many digits', 'claims.many.all(x, "%.99f %.99f".format([1.5, 2.5]).size() > 1)'],
    ['format of lists within lists', `"%s".format([[claims.many]${'.map(x, [x, x])'.repeat(16)}]).size() > 1`],
    ['split for each member', 'claims.many.all(x, claims.commas.split(",").size() > 1)'],
    [
      'a long text within a long one',
      'claims.long.contains(claims.needle) || claims.long.contains(claims.needle + "b")',
    ],
    [
      'a long text within a long one, from the end',
      'claims.long.lastIndexOf(claims.needle) > 1 || claims.long.lastIndexOf("b" + claims.needle) > 1',
    ],
    ['a text looked for in each member', 'claims.many.all(x, !claims.long.contains(x))'],
    ['a list asked for each member of another', 'claims.many.all(x, !(x in claims.others))'],
    ['a map asked for a number for each member', 'claims.many.all(x, !(1 in claims.map))'],
    ['a list compared for each member', 'claims.many.all(x, claims.many == claims.many)'],
    [
      'loops over literals, one within another',
      `${literal}.all(a, ${literal}.all(b, ${literal}.all(c, ${literal}.all(d, a + b + c + d >= 0))))`,
    ],
    [
      'a list looked through for each of a literal, and again',
      `${literal}.all(a, ${literal}.all(b, claims.many.exists(c, true)))`,
    ],
    ['a pattern of many states', 'claims.random.matches("^(?:(0|1)*1(0|1){200})$")'],
    ['a pattern for each member', 'claims.many.all(x, claims.random.matches("(0|1)*1(0|1){9}$"))'],
    ['a size for each member', 'claims.many.all(x, size(claims.long) > 1)'],
    ['lower case for each member', 'claims.many.all(x, claims.long.lowerAscii() != x)'],
    ['a zone for each member', 'claims.zones.all(x, now.getHours(x) >= 0 || true)'],
    ['another zone for each member', 'claims.spellings.all(x, now.getHours(x) >= 0)'],
    ['a long text compared for each member', 'claims.many.map(x, claims.long + "b").exists(x, x == claims.long + "c")'],
    ['a text turned for each member', 'claims.many.all(x, string(bytes(claims.half)) != x)'],
    [
      'errors that are passed over',
      'claims.many.all(x, claims.many.size() > 1 && (x + 1 == x || claims.others.size() > 1 || true) && size(claims.long + x) > 1)',
    ],
  ];
  for (const [what, text] of bombs) {
    it(`is bounded: ${what}`, () => {
      const {answer, steps} = run(text, {claims, now: 0});
      assert.match(String(answer), tooMuch);
      // It ended at the first that was too much, which may have been much at once, and was not done.
      assert.ok(steps > mostSteps);
    });
  }

  it('and being too much is never true, whatever stands beside it', () => {
    const bomb = 'claims.long.replace("", claims.half).size() > 1';
    for (const text of [
      `${bomb} || true`,
      `true && (${bomb} || true)`,
      `[1].exists(x, ${bomb} || x == 1)`,
      `[1, 2].exists(x, x == 1 ? ${bomb} : true)`,
      `!(${bomb} && false) || true`,
    ])
      assert.match(String(run(text, {claims}).answer), tooMuch, text);
    // What is not looked at costs nothing.
    assert.equal(run(`true || ${bomb}`, {claims}).answer, true);
  });

  // What may be long, and is not too much.
  const fine: [text: string, atMost: number][] = [
    ['"m7" in claims.many', 21_000],
    ['claims.many.exists(x, x.startsWith("m19999"))', 61_000],
    ['claims.long.matches("^a+$")', 250_000],
    ['!claims.long.contains("aaab")', 10_500],
    ['claims.commas.split(",").size() == 60001', 70_000],
    ['claims.long.replace("a", "bc").size() == 120000', 110_000],
    ['claims.many.map(x, x + "y").join(",").size() > 3', 110_000],
    ['claims.map["m7"] == 1.0', 5],
    ['"m7" in claims.map', 5],
    ['has(claims.map.m7)', 1],
    ['claims.map.exists(k, k == "m7")', 60_000],
    ['claims.many == claims.many', 45_000],
    ['now.getHours("Europe/Berlin") >= 0 && now.getHours("+02:00") >= 0', 110],
  ];
  for (const [text, atMost] of fine) {
    it(`is enough for ${text}`, () => {
      const {answer, steps} = run(text, {claims, now: 0});
      assert.equal(answer, true);
      assert.ok(steps <= atMost, `${steps} steps`);
    });
  }

  it('looks at the members of a claim where they lie: no step costs the size of what is beside it', () => {
    let looked = 0;
    const wide = new Proxy(claims.map, {
      ownKeys: (target) => {
        looked += 1;
        return Reflect.ownKeys(target);
      },
    });
    const {answer} = run('claims.l.all(x, claims.wide.m1 == 1.0 && has(claims.wide.m2))', {
      claims: {l: many.slice(0, 1_000), wide},
    });
    assert.equal(answer, true);
    assert.equal(looked, 0);
  });

  it('of any condition and any claims is less than the bound and one step more, and never throws', () => {
    const text = fc.constantFrom('claims.long', 'claims.half', 'claims.commas', 'x', '"a"', '""', 'claims.needle');
    const list = fc.constantFrom('claims.many', 'claims.others', '[1, 2, 3]', '[claims.long]', 'claims.map', '[x, x]');
    const expression = fc.letrec((tie) => ({
      text: fc.oneof(
        {maxDepth: 4},
        text,
        fc.tuple(tie('text'), tie('text')).map(([a, b]) => `(${a} + ${b})`),
        fc.tuple(tie('text'), tie('text'), tie('text')).map(([a, b, c]) => `${a}.replace(${b}, ${c})`),
        tie('list').map((a) => `${a}.join()`),
        fc.tuple(tie('text'), tie('list')).map(([a, b]) => `${a}.format(${b})`),
        tie('text').map((a) => `${a}.upperAscii()`),
      ),
      list: fc.oneof(
        {maxDepth: 4},
        list,
        fc.tuple(tie('list'), tie('list')).map(([a, b]) => `(${a} + ${b})`),
        fc.tuple(tie('text'), tie('text')).map(([a, b]) => `${a}.split(${b})`),
        fc.tuple(tie('list'), tie('text')).map(([a, b]) => `${a}.map(x, ${b})`),
        fc.tuple(tie('list'), tie('list')).map(([a, b]) => `${a}.map(x, ${b})`),
        fc.tuple(tie('list'), tie('test')).map(([a, b]) => `${a}.filter(x, ${b})`),
      ),
      test: fc.oneof(
        {maxDepth: 4},
        fc.tuple(tie('text'), tie('text')).map(([a, b]) => `${a}.contains(${b})`),
        fc.tuple(tie('list'), tie('list')).map(([a, b]) => `${a} == ${b}`),
        fc.tuple(tie('text'), tie('list')).map(([a, b]) => `${a} in ${b}`),
        fc.tuple(tie('list'), tie('test')).map(([a, b]) => `${a}.exists(x, ${b})`),
        fc.tuple(tie('test'), tie('test')).map(([a, b]) => `(${a} || ${b})`),
        tie('text').map((a) => `${a}.matches("^(a|m1)*$")`),
      ),
    }));
    fc.assert(
      fc.property(expression.test, (test) => {
        const read = readCondition(`["a"].exists(x, ${String(test)})`);
        if (!('condition' in read)) return;
        const answer = read.condition.test({claims});
        assert.ok(typeof answer === 'boolean' || typeof answer === 'string');
        assert.equal(library().meter.spent() > mostSteps, tooMuch.test(String(answer)));
      }),
      {numRuns: 150},
    );
  });
});
