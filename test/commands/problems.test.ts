// What is shown of a configuration with a problem: the line, and no secret of it.
import assert from 'node:assert/strict';
import {asText} from '../../src/commands/validate/problems.ts';

describe('the line below a problem', () => {
  const shown = (text: string, line = text.split('\n').length): string => {
    const place = {file: 'postern.yaml', line, column: 1, path: 'x', message: 'is wrong', severity: 'error'} as const;
    return asText([place], text).split('\n')[1]?.slice(8) ?? '';
  };
  const rows: [text: string, line: string][] = [
    ['token: canary', 'token: ******'],
    ["  sealKey: 'canary, with a comma'", '  sealKey: **********************'],
    ['admin: {token: canary, listen: x}', 'admin: {token: ******, listen: x}'],
    ["admin: {token: [canary, 'canary'], listen: x}", 'admin: {token: [******, ********], listen: x}'],
    ["admin: {token: ['a ] canary', canary], listen: x}", 'admin: {token: [************, ******], listen: x}'],
    ["token: ['${NEW}', canary", "token: ['${NEW}', ******"],
    ['admin:\n  token:\n    - ${NEW}\n    - canary', '    - ******'],
    ['admin:\n  token: # both\n  # the old one, too\n  - canary', '  - ******'],
    ['redis:\n  sealKey:\n    - ${NEW}', '    - ${NEW}'],
    ['rules:\n  - name: canary', '  - name: canary'],
    ['url: redis://user:canary@redis', 'url: redis://***********@redis'],
  ];
  for (const [text, line] of rows) it(text.replaceAll('\n', ' / '), () => assert.equal(shown(text), line));
});
