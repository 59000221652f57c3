// What changed since the snapshot: a small index of the tenants concerned, laid over the large one.
import type {Attributes, Entitled, Grant, Question, Snapshot} from '../core/entitlement.ts';
import type {Principal} from '../core/principal.ts';
import type {TenantGrants} from './source.ts';

/** The engine's index of one snapshot (core/entitlementIndex.ts). */
export interface BuiltIndex {
  entitled(principal: Principal, question: Question, attributes: Attributes, now: number): Entitled;
  /** How many grants it holds. */
  readonly grants: number;
}

/** A snapshot without its grants. */
export type Head = Omit<Snapshot, 'grants'>;

export interface Overlay {
  /** The index that knows this tenant's newest grants; undefined: the large one does. */
  indexOf(tenant: string | undefined): BuiltIndex | undefined;
  /** Takes effect within milliseconds. */
  apply(changes: readonly TenantGrants[]): void;
  /** Counts what has been applied: hand it to `rebase` as it was when the load of the new snapshot began. */
  moment(): number;
  /** A new snapshot holds everything that was applied before `began`; what came later is laid over it again. */
  rebase(head: Head, began: number): Promise<void>;
}

/** Beyond these, the whole is loaded again: building the small index at each change would cost more. */
const mostGrants = 20_000;

/** `tooLarge` is called when so much has changed that the snapshot should be loaded again. */
export const makeOverlay = (
  buildIndex: (snapshot: Snapshot) => Promise<BuiltIndex>,
  tooLarge: (reason: string) => void,
): Overlay => {
  const changed = new Map<string, {readonly grants: readonly Grant[]; readonly at: number}>();
  let served: {readonly tenants: ReadonlySet<string>; readonly index: BuiltIndex} | undefined;
  let head: Head | undefined;
  let applied = 0;
  let building: Promise<void> | undefined;
  let again = false;

  const rebuild = async (): Promise<void> => {
    if (building !== undefined) {
      again = true;
      return building;
    }
    building = (async () => {
      do {
        again = false;
        if (head === undefined) return;
        const tenants = new Set(changed.keys());
        const grants = [...changed.values()].flatMap((change) => change.grants);
        const index = tenants.size === 0 ? undefined : await buildIndex({...head, grants});
        served = index === undefined ? undefined : {tenants, index};
        if (grants.length > mostGrants) tooLarge(`${grants.length} grants have changed`);
      } while (again);
    })();
    await building;
    building = undefined;
  };

  return {
    indexOf: (tenant) =>
      served !== undefined && tenant !== undefined && served.tenants.has(tenant) ? served.index : undefined,
    apply(changes) {
      applied += 1;
      for (const {tenant, grants} of changes) changed.set(tenant, {grants, at: applied});
      void rebuild();
    },
    moment: () => applied,
    async rebase(next, began) {
      head = next;
      for (const [tenant, change] of changed) if (change.at <= began) changed.delete(tenant);
      await rebuild();
    },
  };
};
