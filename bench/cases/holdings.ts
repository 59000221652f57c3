// What a pod holds for each token in use, grant and revocation, from which the memory that the charts ask for follows.
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Case} from '../support/case.ts';
import {figure} from '../support/figures.ts';
import {manyGrants} from '../support/grants.ts';
import {heldBytes, inspectable} from '../support/inspect.ts';
import {acquaint} from '../support/inTurn.ts';
import {asImage} from '../support/program.ts';
import type {PosternServer} from '../support/stage.ts';
import {bearer, tokensOf} from '../support/workload.ts';

const tokens = 5_000;
const grants = 100_000;
const revocations = 20_000;
const adminToken = 'a-token-of-the-benchmark';

/** Of sessions, as identity providers name them. */
const revoke = async ({postern}: PosternServer): Promise<void> => {
  const one = async (at: number) => {
    const answer = await fetch(`${postern.adminUrl}/revocations`, {
      method: 'POST',
      headers: {authorization: `Bearer ${adminToken}`},
      body: JSON.stringify({sessionId: `1b9d6bcd-bbfd-4b2d-9b5d-${String(at).padStart(12, '0')}`}),
    });
    if (answer.status !== 200) throw new Error(`revoking was answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  const lane = async (from: number, to: number) => {
    for (let at = from; at < to; at++) await one(at);
  };
  const lanes = 10;
  const share = revocations / lanes;
  await Promise.all(Array.from({length: lanes}, (_, at) => lane(at * share, (at + 1) * share)));
};

export const holdings: Case = {
  what: 'bytes that the program holds, garbage collected, for a token in use (1 kB itself), a grant and a revocation',
  async measure(stage) {
    const {nodeArgs} = asImage('');
    const settings = {
      ...stage.usual,
      admin: {token: adminToken},
      entitlements: {source: {type: 'file', path: 'grants.jsonl'}},
      log: {level: 'warn', decisions: 'none'},
    };
    const server = await stage.postern(settings, {
      nodeArgs: [...nodeArgs, inspectable],
      files: {'grants.jsonl': manyGrants(10)},
    });
    const {postern} = server;
    const signed = await tokensOf(stage.identityProvider, tokens, (at) => ({
      sub: `u${at}`,
      org_id: 't1',
      permissions: ['orders.read'],
    }));
    const path = '/orgs/t1/orders/4711';
    const messages = async (from: number, to: number) => ({
      server,
      messages: await stage.checks(signed.slice(from, to).map((token) => ({path, headers: bearer(token)}))),
    });
    const warm = 100;
    await acquaint(stage, await messages(0, warm), 100 * warm);
    const before = await heldBytes(server);
    await acquaint(stage, await messages(warm, tokens), tokens - warm);
    const withTokens = await heldBytes(server);
    writeFileSync(join(postern.folder, 'grants.jsonl'), manyGrants(grants));
    while ((await postern.metric('postern_entitlements_grants')) !== grants) await sleep(100);
    // The old ones are let go a moment later.
    await sleep(3_000);
    const withGrants = await heldBytes(server);
    await revoke(server);
    const withRevocations = await heldBytes(server);
    return [
      figure('a token in use', 'bytes', [(withTokens - before) / (tokens - warm)]),
      figure('a grant', 'bytes', [(withGrants - withTokens) / grants]),
      figure('a revocation', 'bytes', [(withRevocations - withGrants) / revocations]),
    ];
  },
};
