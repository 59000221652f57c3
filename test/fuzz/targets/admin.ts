// The bodies that the admin port is sent: each is answered, and what is told on the feed selects somebody.

import type {FeedMessage} from '../../../src/core/revocation.ts';
import {checkRevocation} from '../../../src/core/revocationCheck.ts';
import {makeAdminRoutes} from '../../../src/wiring/adminRoutes.ts';
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
    let told: FeedMessage[] = [];
    const routes = makeAdminRoutes({
      publish: async (message: FeedMessage) => {
        told.push(message);
        return {announced: true};
      },
      revocations: () => [],
      log: {info: () => {}},
      keep: 86_400_000,
      now: () => 1_800_000_000_000,
    });
    return {
      async run(input) {
        told = [];
        for (const {method, path, handle} of routes) {
          if (method === 'GET') continue;
          const body = input.toString('utf8');
          const {status, body: text} = await handle({method, path, query: new URLSearchParams(), headers: {}, body});
          must([200, 202, 400, 404].includes(status), `${path} answers ${status}`);
          JSON.parse(text);
        }
        for (const message of told) {
          if (message.kind === 'revoke')
            must('revocation' in checkRevocation(message.revocation), 'a revocation that nobody reads');
        }
      },
    };
  },
};
