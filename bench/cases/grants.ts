// Does a decision get dearer with the number of grants?
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';
import {manyGrants, tenant} from '../support/grants.ts';
import {bearer, tokensOf} from '../support/workload.ts';

const principals = 1_000;

export const grants: Case = {
  what: '1,000,000 grants beside 1,000, for 1,000 principals in turn',
  async measure(stage) {
    const contestant = async (count: number) => {
      const tenantOf = (at: number) => tenant(Math.floor((at * count) / principals));
      const tokens = await tokensOf(stage.identityProvider, principals, (at) => ({
        sub: `u${at}`,
        org_id: tenantOf(at),
        permissions: ['orders.read'],
      }));
      const asked = tokens.map((token, at) => ({path: `/orgs/${tenantOf(at)}/orders/4711`, headers: bearer(token)}));
      return {
        server: await stage.postern(
          {...stage.usual, entitlements: {source: {type: 'file', path: 'grants.jsonl'}}},
          {files: {'grants.jsonl': manyGrants(count)}},
        ),
        messages: await stage.checks(asked),
      };
    };
    const contestants = {'1,000 grants': await contestant(1_000), '1,000,000 grants': await contestant(1_000_000)};
    return beside(stage, contestants, {'1,000,000 grants': 1.3});
  },
};
