// That the seeded faults can still be put into the code of today. Whether each is found: npm run torture -- --seeded.
import assert from 'node:assert/strict';
import {changedBy, faults} from './seeded.ts';

describe('the seeded faults', () => {
  for (const fault of faults) {
    it(fault.name, () => assert.ok(changedBy(fault).size > 0));
  }
});
