// All flags at once, of very many: others have the event loop in between, and the answer is the same.
import assert from 'node:assert/strict';
import {evaluateAll} from '../../src/answers/evaluate.ts';
import type {EntitlementStore, Feature} from '../../src/core/entitlement/entitlement.ts';
import {principalNamed} from '../../src/core/principalNamed.ts';

describe('all flags at once', () => {
  it('lets others have the event loop after every hundred', async () => {
    const features = new Map<string, Feature>();
    for (let at = 0; at < 1_000; at++) features.set(`f${at}`, {permissions: []});
    let asked = 0;
    const askedAtPause: number[] = [];
    const store: Pick<EntitlementStore, 'catalog' | 'entitled'> = {
      catalog: () => ({features, plans: new Map()}),
      entitled: () => {
        asked += 1;
        return {entitled: true};
      },
    };
    const asking = {principal: principalNamed({tenant: 't1', user: undefined}, 'context'), attributes: new Map()};
    const none = () => ({features: [], amounts: new Set<string>()});
    const found = await evaluateAll(store as EntitlementStore, none, asking, 0, async () => {
      askedAtPause.push(asked);
    });
    assert.equal((found as readonly unknown[]).length, 1_000);
    assert.deepEqual(
      askedAtPause,
      Array.from({length: 10}, (_, at) => at * 100 + 99),
    );
  });
});
