// What a pod holds: at rest, and after many calls with many tokens and grants; and what the bounds of the image cost in CPU.
import {environment} from '../../src/launch.ts';
import type {Case} from '../support/case.ts';
import {figure, times} from '../support/figures.ts';
import {manyGrants, tenant} from '../support/grants.ts';
import {cpuOf, inTurn} from '../support/inTurn.ts';
import {memory} from '../support/usage.ts';
import {bearer, tokensOf} from '../support/workload.ts';

const calls = 500_000;
const tokens = 10_000;
const grants = 100_000;

/** Node as it is by itself: an argument that says nothing keeps Postern from starting itself anew with its own. */
const unbounded = {
  nodeArgs: ['--no-experimental-require-module'],
  env: Object.fromEntries(Object.keys(environment).map((name) => [name, undefined])),
};

export const memoryUse: Case = {
  what: '500,000 calls with 10,000 tokens and 100,000 grants, as the image runs it beside Node as it is by itself',
  async measure(stage) {
    const rest = await stage.postern();
    const empty = await stage.empty();
    const tokensSigned = await tokensOf(stage.identityProvider, tokens, (at) => ({
      sub: `u${at}`,
      org_id: tenant(at * (grants / tokens)),
      permissions: ['orders.read'],
    }));
    const messages = await stage.checks(
      tokensSigned.map((token, at) => ({
        path: `/orgs/${tenant(at * (grants / tokens))}/orders/4711`,
        headers: bearer(token),
      })),
    );
    const settings = {...stage.usual, entitlements: {source: {type: 'file', path: 'grants.jsonl'}}};
    const files = {'grants.jsonl': manyGrants(grants)};
    const image = await stage.postern(settings, {files});
    const free = await stage.postern(settings, {files, ...unbounded});
    const [atRest, emptyAtRest] = [memory(rest.pid), memory(empty.pids[0] ?? 0)];
    const each = Math.ceil((stage.pace.milliseconds < 500 ? calls / 20 : calls) / (stage.pace.rounds + 1));
    const seen = await inTurn(
      stage,
      {
        free: {server: free, messages},
        image: {server: image, messages},
        empty: {server: empty, messages},
      },
      {calls: each, milliseconds: 300_000},
    );
    const after = memory(image.pid);
    return [
      figure('resident at rest', 'MiB', [atRest.resident], 80),
      figure('resident afterwards', 'MiB', [after.resident], 140),
      figure('its own share of that (PSS)', 'MiB', [after.share]),
      figure('resident afterwards, Node by itself', 'MiB', [memory(free.pid).resident]),
      times('CPU of a call, beside Node by itself', cpuOf(seen.image), cpuOf(seen.free), 1.05),
      figure('the empty handler, resident at rest', 'MiB', [emptyAtRest.resident]),
      figure('the empty handler, resident afterwards', 'MiB', [memory(empty.pids[0] ?? 0).resident]),
    ];
  },
};
