// Every secret of a configuration is known as one: the log leaves it out, and validate tells where it is written out.
import assert from 'node:assert/strict';
import {secretsIn, withoutSecrets, writtenSecrets} from '../../src/config/schemaDocument.ts';

describe('secrets of a configuration', () => {
  // In a list while they are changed.
  const rows: [at: string, tree: (secret: unknown) => object][] = [
    ['admin.token', (token) => ({admin: {token}})],
    ['redis.sealKey', (sealKey) => ({redis: {sealKey}})],
    ['state.sealKey', (sealKey) => ({state: {sealKey}})],
    ['answers.trust.token', (token) => ({answers: {trust: {token}}})],
  ];
  for (const [at, tree] of rows) {
    it(`${at}: one, or several`, () => {
      assert.deepEqual(secretsIn(tree('secret-1')), ['secret-1']);
      assert.deepEqual(secretsIn(tree(['secret-1', 'secret-2'])), ['secret-1', 'secret-2']);
      const written = writtenSecrets(tree(['${NEW}', 'secret-2'])).map((path) => path.join('.'));
      assert.deepEqual(written, [`${at}.1`]);
      assert.doesNotMatch(JSON.stringify(withoutSecrets(tree(['secret-1', 'secret-2']))), /secret-/);
    });
  }
});
