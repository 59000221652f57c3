// What changed since the snapshot: a small index of the tenants concerned, laid over the large one.
import type {Grant, Snapshot} from '../core/entitlement/entitlement.ts';
import type {EntitlementIndex} from '../core/entitlement/entitlementIndex.ts';
import type {TenantGrants} from './source.ts';

/** The engine's index of one snapshot. */
export type BuiltIndex = EntitlementIndex;

/** A snapshot without its grants. */
export type Head = Omit<Snapshot, 'grants'>;

export interface Overlay {
  /** The index that knows this tenant's newest grants; undefined: there is no snapshot yet. */
  indexOf(tenant: string | undefined): BuiltIndex | undefined;
  /** Grants in all, with what changed since the snapshot. */
  grants(): number;
  /** What has changed since the snapshot, by tenant. */
  changes(): readonly TenantGrants[];
  /** Takes effect within milliseconds. */
  apply(changes: readonly TenantGrants[]): void;
  /** Counts what has been applied: hand it to `rebase` as it was when the load of the new snapshot began. */
  moment(): number;
  /** A new snapshot holds everything that was applied before `began`; what came later is laid over it again. */
  rebase(head: Head, base: BuiltIndex, began: number): Promise<void>;
}

/** Beyond these, the whole is loaded again: building the small index at each change would cost more. */
const mostGrants = 20_000;

/** `tooLarge` is called when so much has changed that the snapshot should be loaded again. */
export const makeOverlay = (
  buildIndex: (snapshot: Snapshot) => Promise<BuiltIndex>,
  tooLarge: (reason: string) => void,
): Overlay => {
  const changed = new Map<string, {readonly grants: readonly Grant[]; readonly at: number}>();
  /** Both indexes change at once: no tenant may fall back to the old snapshot while its changes are in the new one. */
  let served:
    | {
        readonly base: BuiltIndex;
        readonly tenants: ReadonlySet<string>;
        readonly index: BuiltIndex;
        readonly count: number;
      }
    | undefined;
  let newest: {readonly head: Head; readonly base: BuiltIndex} | undefined;
  let applied = 0;
  let building: Promise<void> | undefined;
  let again = false;

  const rebuild = (): Promise<void> => {
    again = true;
    building ??= buildAll()
      .finally(() => {
        building = undefined;
      })
      .then(() => (again && newest !== undefined ? rebuild() : undefined));
    return building;
  };
  const buildAll = async (): Promise<void> => {
    while (again) {
      if (newest === undefined) return;
      again = false;
      const {head, base} = newest;
      const tenants = new Set(changed.keys());
      const grants = [...changed.values()].flatMap((change) => change.grants);
      const index = tenants.size === 0 ? base : await buildIndex({...head, grants});
      served = {base, tenants, index, count: countOf(base, tenants, index)};
      if (grants.length > mostGrants) tooLarge(`${grants.length} grants have changed`);
    }
  };

  return {
    indexOf: (tenant) =>
      served !== undefined && tenant !== undefined && served.tenants.has(tenant) ? served.index : served?.base,
    grants: () => served?.count ?? 0,
    changes: () => [...changed].map(([tenant, {grants}]) => ({tenant, grants})),
    apply(changes) {
      applied += 1;
      for (const {tenant, grants} of changes) changed.set(tenant, {grants, at: applied});
      rebuild().catch(() => tooLarge('a change could not be laid over it'));
    },
    moment: () => applied,
    async rebase(head, base, began) {
      newest = {head, base};
      for (const [tenant, change] of changed) if (change.at <= began) changed.delete(tenant);
      await rebuild();
    },
  };
};

/** What the large index has of the tenants that changed is over. */
const countOf = (base: BuiltIndex, changed: ReadonlySet<string>, index: BuiltIndex): number => {
  let count = base.grants;
  for (const tenant of changed) count -= base.countOf(tenant);
  return changed.size === 0 ? count : count + index.grants;
};
