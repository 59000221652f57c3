// Entitlements as a part of what decides: the store, how it is, and its beginning and end.
import type {EntitlementStore} from '../../core/entitlement/entitlement.ts';
import type {Health} from '../../core/health.ts';

export interface Entitlements {
  readonly store: EntitlementStore;
  health(): readonly Health[];
  /** Has its gauges read from now on; returns what ends that. Of two stores, only the one in force is to be read. */
  meter(): () => void;
  start(): Promise<void>;
  close(): Promise<void>;
}
