// The bodies that the admin port is sent: each is answered, and what is told on the feed selects somebody.

import type {RevocationElement} from '../../../src/core/revocation/revocation.ts';
import {checkElement} from '../../../src/core/revocation/revocationCheck.ts';
import {makeRevocationSet} from '../../../src/core/revocation/revocationSet.ts';
import {makeAdminRoutes} from '../../../src/wiring/admin/adminRoutes.ts';
import {must, type Target} from '../target.ts';

export const admin: Target = {
  name: 'admin',
  seeds: [
    '{"subject":"u1","tenant":"t1"}',
    '{"sessionId":"s","before":"2026-01-31T12:00:00Z"}',
    '{"tokenId":"j","provider":"acme","before":1700000000}',
    '{}',
    '{"tenant":"t1"}',
  ],
  words: ['subject', 'tenant', 'sessionId', 'tokenId', 'provider', 'before', 'reason', 'by', 'id', 'expires', '2026-01-31T12:00:00Z', '1700000000', '1e15', '+99:99'], // biome-ignore format: a table
  longest: 65_536,
  async open() {
    let told: RevocationElement[] = [];
    const set = makeRevocationSet();
    set.add({id: 'known', subject: 'u', at: 1, expires: 9e15});
    const routes = makeAdminRoutes({
      feed: {
        add: async (element) => {
          told.push(element);
          return {announced: true};
        },
        drop: async () => ({announced: true}),
        moment: async () => 1_800_000_000_000,
        sync: async () => {},
      },
      set,
      providers: () => ['acme'],
      log: {info: () => {}},
      keep: 86_400_000,
      newId: () => '12345678-1234',
      reach: 'every instance',
    });
    return {
      async run(input) {
        told = [];
        for (const {method, path: route, handle} of routes) {
          if (method === 'GET') continue;
          const path = route.replace('{id}', 'known');
          const body = input.toString('utf8');
          const {status, body: text} = await handle({method, path, query: new URLSearchParams(), headers: {}, body});
          must([200, 202, 400, 404].includes(status), `${path} answers ${status}`);
          JSON.parse(text);
        }
        for (const {id: _, ...element} of told)
          must('element' in checkElement(element), 'an element that nobody reads');
      },
    };
  },
};
