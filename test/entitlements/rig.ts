// Entitlement sources and stores for tests, with the real engine behind them.
import {setImmediate} from 'node:timers/promises';
import type {Grant, Snapshot} from '../../src/core/entitlement/entitlement.ts';
import {loadEntitlementIndex} from '../../src/core/entitlement/entitlementIndex.ts';
import {makeSnapshotEntitlements, type SnapshotParts} from '../../src/entitlements/cached.ts';
import {compilePattern} from '../../src/entitlements/pattern.ts';
import {principal} from '../support/requests.ts';

export const buildIndex = (snapshot: Snapshot) => loadEntitlementIndex(snapshot, {compilePattern, pause: setImmediate});

export const grant = (tenant: string, plan = 'pro', rest: Partial<Grant> = {}): Grant => ({
  plan,
  tenant,
  user: null,
  expires: null,
  ...rest,
});

/** Feature `orders` in plan `pro`, feature `reports` in plan `max`, and these grants. */
export const snapshot = (...grants: Grant[]): Snapshot => ({
  features: new Map([
    ['orders', {permissions: ['orders.read']}],
    ['reports', {permissions: []}],
  ]),
  plans: new Map([
    ['pro', {features: ['orders'], default: false, rules: []}],
    ['max', {features: ['orders', 'reports'], default: false, rules: []}],
  ]),
  flags: new Map(),
  grants,
});

/** A store with short times, what it logged, and what it says: `yes`, a justification, or `unavailable`. */
export const openEntitlements = (
  parts: Pick<SnapshotParts, 'source'> & Partial<SnapshotParts> & {readonly now?: () => number},
) => {
  const log: string[] = [];
  const layers: string[] = [];
  const {now: _, ...rest} = parts;
  const store = makeSnapshotEntitlements({
    settings: {fresh: 30_000, stale: 600_000},
    buildIndex,
    steady: parts.now ?? Date.now,
    random: Math.random,
    log: (level, message) => log.push(`${level}: ${message}`),
    observer: {request: (_cache, layer, result) => layers.push(`${layer} ${result}`)},
    ...rest,
  });
  const now = parts.now ?? Date.now;
  const says = (tenant: string, feature = 'orders', subject = 'u1'): string => {
    try {
      const answer = store.entitled(principal({tenant, subject}), {feature}, new Map(), now());
      if (answer instanceof Promise) return 'a promise';
      return answer.entitled ? 'yes' : answer.justification;
    } catch (error) {
      return error instanceof Error && error.name === 'Unavailable' ? 'unavailable' : String(error);
    }
  };
  return {store, log, layers, says, close: () => store.close()};
};
