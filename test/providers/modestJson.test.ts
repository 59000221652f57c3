// Which JSON of a stranger is worth parsing.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {isModest} from '../../src/providers/modestJson.ts';

const filler = 'x'.repeat(5_000);

describe('isModest', () => {
  const rows: [what: string, json: string, modest: boolean][] = [
    ['short, whatever it is', '['.repeat(4_096), true],
    ['one long text', JSON.stringify({a: filler}), true],
    [
      '1,200 permissions',
      JSON.stringify({permissions: Array.from({length: 1_200}, (_, at) => `orders:read:${at}`)}),
      true,
    ],
    ['brackets and colons in texts', JSON.stringify({a: '[{:'.repeat(3_000)}), true],
    ['quotes in texts', JSON.stringify({a: '"[{:\\'.repeat(2_000)}), true],
    ['64 deep', `${'['.repeat(64)}"${filler}"${']'.repeat(64)}`, true],
    ['65 deep', `${'['.repeat(65)}"${filler}"${']'.repeat(65)}`, false],
    ['999 members', JSON.stringify({...Array.from({length: 999}, () => 12_345)}), true],
    ['1,001 members', JSON.stringify({...Array.from({length: 1_001}, () => 12_345)}), false],
    [
      'members with blanks before the colon',
      `{${Array.from({length: 1_100}, (_, at) => `"${at}" : 0`).join()}}`,
      false,
    ],
    ['empty lists', `[${'[],'.repeat(2_000)}0]`, false],
    ['a text without an end', `"${filler}${'['.repeat(5_000)}`, true],
  ];
  for (const [what, json, modest] of rows) it(`${what}: ${modest}`, () => assert.equal(isModest(json), modest));

  it('takes whatever a token is like', () => {
    fc.assert(
      fc.property(fc.json({maxDepth: 5}), (json) => {
        assert.ok(isModest(`{"a":${json},"b":"${filler}"}`));
      }),
    );
  });
});
