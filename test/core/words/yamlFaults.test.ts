// What is told of a text that is no YAML takes a moment, whatever stands in it.
import assert from 'node:assert/strict';
import {nameFault} from '../../../src/core/words/yamlFaults.ts';

const words = {what: 'entitlements', broken: 'is not YAML'};

describe('nameFault', () => {
  for (const code of ['BAD_INDENT', 'MISSING_CHAR', 'BLOCK_AS_IMPLICIT_KEY', 'UNEXPECTED_TOKEN', 'ANOTHER']) {
    for (const piece of ['[', '{a: ', '[{', '"', "'", '- ', ' ', 'a: "', ',x: /']) {
      it(`${code} in a line of ${JSON.stringify(piece)} without end`, () => {
        const {message} = nameFault({code, message: 'Maximum call stack'}, ['a: b', piece.repeat(1_000_000)], 2, words);
        assert.match(message, /^is not YAML: /);
      });
    }
  }

  it('a line that a person wrote is looked at', () => {
    const {message} = nameFault(
      {code: 'UNEXPECTED_TOKEN', message: ''},
      [`a: {b: \${NAME}}${' '.repeat(500)}`],
      1,
      words,
    );
    assert.match(message, /in quotes/);
  });
});
