// JSON that names something twice in one object is found, wherever it stands; what is no such is let pass.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {namedTwice} from '../../src/core/words/jsonTwice.ts';

describe('JSON that names something twice', () => {
  const rows: [text: string, found: string | undefined][] = [
    ['{}', undefined],
    ['""', undefined],
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}],"d":"a"}', undefined],
    ['{"a":"a","b":"a"}', undefined],
    ['{"a":["a","a"],"b":["x",{"y":1},"a"]}', undefined],
    ['{"a":1,"a":2}', '1:8 a'],
    ['{"a":1,\n "b":[{"x":1,\r\n"x":2}]}', '3:1 x'],
    ['{"a":{},"b":[],"a":2}', '1:16 a'],
    ['{"a":"},{\\"","b":1,"b":2}', '1:20 b'],
    ['{"\\\\":1,"\\\\\\"":2,"\\\\":3}', '1:18 \\'],
    ['{"\\u0061":1,"a":2}', '1:13 a'],
    ['{"":1,"":2}', '1:7 '],
    ['{"__proto__":1,"__proto__":2}', '1:16 __proto__'],
    ['{"toString":1}', undefined],
    [`{${Array.from({length: 40}, (_, at) => `"k${at}":0`).join()},"k3":1}`, '1:312 k3'],
    [`${'['.repeat(100_000)}{"a":1,"a":2}${']'.repeat(100_000)}`, '1:100008 a'],
  ];
  for (const [text, found] of rows)
    it(text.slice(0, 60), () => {
      const twice = namedTwice(text);
      assert.equal(twice && `${twice.line}:${twice.column} ${twice.name}`, found);
    });

  it('is what a member more of some object makes of any JSON, and nothing else does', () => {
    fc.assert(
      fc.property(fc.json({maxDepth: 4}), fc.string(), (text, name) => {
        assert.equal(namedTwice(text), undefined);
        const twice = `{${JSON.stringify(name)}:${text},"x${'y'.repeat(name.length)}":[],${JSON.stringify(name)}:0}`;
        assert.equal(namedTwice(`[${text},${twice}]`)?.name, name);
      }),
    );
  });
});
