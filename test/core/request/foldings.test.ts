// The classes of core/request/foldings.ts are what Unicode says.
import assert from 'node:assert/strict';
import {readAsLetters, readAsSyntax} from '../../../src/core/request/foldings.ts';

const beyondAscii = function* (): Generator<string> {
  for (let code = 0x80; code <= 0x10ffff; code++) {
    if (code < 0xd800 || code > 0xdfff) yield String.fromCodePoint(code);
  }
};
const named = (character: string): string => `U+${character.codePointAt(0)?.toString(16)}`;

/** What "best fit" makes of them: ∕ ⁄ ⧸ a slash, ∖ ⧵ ¥ (page 932) ₩ (page 949) a backslash. No table of Node's has it. */
const bestFit = new Set(['\u00a5', '\u2044', '\u20a9', '\u2215', '\u2216', '\u29f5', '\u29f8']);

/** Everything that cases of any locale and normal forms make of it, in any order. */
const foldings = (character: string): Set<string> => {
  const seen = new Set([character]);
  if (!/[\p{Cased}\p{Case_Ignorable}]/u.test(character) && character.normalize('NFKC') === character) return seen;
  for (let round = 0; round < 3; round++) {
    for (const text of [...seen]) {
      seen.add(text.toLowerCase()).add(text.toUpperCase()).add(text.normalize('NFKC'));
      for (const locale of ['tr', 'az', 'lt'])
        seen.add(text.toLocaleLowerCase(locale)).add(text.toLocaleUpperCase(locale));
    }
  }
  return seen;
};

describe('foldings', () => {
  it('readAsSyntax: whatever is read as a separator, a dot or an escape', () => {
    const wanted = [...beyondAscii()].filter((character) => {
      const normal = [character.normalize('NFC'), character.normalize('NFKC')];
      const isSyntax = normal.some((text) => /[/\\%]/.test(text) || /^\.{1,2}$/.test(text)) || normal[0] === ';';
      return isSyntax || bestFit.has(character) || character === '\ufffd';
    });
    const given = [...beyondAscii()].filter((character) => readAsSyntax.test(character));
    assert.deepEqual(given.map(named), wanted.map(named));
  });

  it('readAsLetters: whatever is read as letters of ASCII', () => {
    const wanted = [...beyondAscii()].filter((character) =>
      [...foldings(character)].some((text) => /^[\x21-\x7e]*$/.test(text) && /[a-z]/i.test(text)),
    );
    const given = [...beyondAscii()].filter((character) => readAsLetters.test(character));
    assert.deepEqual(given.map(named), wanted.map(named));
    for (const known of '\u017f\u0131\u0130\u212a\u00df\u1e9e\ufb01') assert.ok(given.includes(known), known);
    for (const honest of 'éüñøçíÌščžłąλπжд語한') assert.ok(!given.includes(honest), honest);
  }).timeout(60_000);
});
