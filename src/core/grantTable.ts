// Until when has whom been given a plan? A million grants in about 30 MB beside their names.

/**
 * A hash table of (tenant, user, plan) -> end, in columns of numbers: an object for each grant would cost three times
 * the memory and keep the garbage collector busy. Names are numbered once; user 0 stands for the whole tenant.
 */
export interface GrantTable {
  /** The best end among a tenant's and a user's grants of any of these plans, or undefined if there are none. */
  latest(plans: readonly number[], tenant: string | undefined, user: string | undefined): number | undefined;
  /** Grants that are told apart: several of one plan to the same holder are one, the best of them. */
  readonly size: number;
}

const wholeTenant = 0;
const none = -1;

const hash = (tenant: number, user: number, plan: number): number => {
  // Multipliers and finish of murmur3 (fmix32): consecutive numbers spread over all bits.
  let mixed = Math.imul(tenant, 0x9e3779b1) ^ Math.imul(user, 0x85ebca6b) ^ Math.imul(plan, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
};

const numberOf = (names: Map<string, number>, name: string): number => {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, names.size + 1);
  return names.size;
};

/** Grants come one by one through `add`; then `link`, a generator that stops to breathe, makes the table of them. */
export const makeGrantTableBuilder = () => {
  const tenants = new Map<string, number>();
  const users = new Map<string, number>();
  let rows = 0;
  let tenantOf = new Int32Array(1024);
  let userOf = new Int32Array(1024);
  let planOf = new Int32Array(1024);
  let endOf = new Float64Array(1024);

  /** `transfer` moves the memory where it can, so that growing needs no second copy of a big column. */
  const resize = (length: number): void => {
    tenantOf = new Int32Array(tenantOf.buffer.transfer(length * 4));
    userOf = new Int32Array(userOf.buffer.transfer(length * 4));
    planOf = new Int32Array(planOf.buffer.transfer(length * 4));
    endOf = new Float64Array(endOf.buffer.transfer(length * 8));
  };

  /** `end` in milliseconds since the epoch; Infinity: never; -Infinity: has been. */
  const add = (plan: number, tenant: string, user: string | null, end: number): void => {
    if (rows === endOf.length) resize(rows * 2);
    tenantOf[rows] = numberOf(tenants, tenant);
    userOf[rows] = user === null ? wholeTenant : numberOf(users, user);
    planOf[rows] = plan;
    endOf[rows] = end;
    rows++;
  };

  /** Yields after every `stride` rows. */
  const link = function* (stride: number): Generator<void, GrantTable> {
    resize(rows);
    const buckets = 2 ** Math.ceil(Math.log2(Math.max(rows, 2)));
    const first = new Int32Array(buckets).fill(none);
    const next = new Int32Array(rows);
    let size = 0;

    const find = (tenant: number, user: number, plan: number): number => {
      let row = first[hash(tenant, user, plan) & (buckets - 1)] as number;
      while (row !== none && (planOf[row] !== plan || userOf[row] !== user || tenantOf[row] !== tenant)) {
        row = next[row] as number;
      }
      return row;
    };

    for (let row = 0; row < rows; row++) {
      const [tenant, user, plan] = [tenantOf[row] as number, userOf[row] as number, planOf[row] as number];
      const known = find(tenant, user, plan);
      if (known !== none) {
        endOf[known] = Math.max(endOf[known] as number, endOf[row] as number);
      } else {
        const bucket = hash(tenant, user, plan) & (buckets - 1);
        next[row] = first[bucket] as number;
        first[bucket] = row;
        size++;
      }
      if (row % stride === stride - 1) yield;
    }

    const latest: GrantTable['latest'] = (plans, tenantName, userName) => {
      const tenant = tenantName === undefined ? undefined : tenants.get(tenantName);
      if (tenant === undefined) return undefined;
      const user = userName === undefined ? undefined : users.get(userName);
      let best: number | undefined;
      for (const plan of plans) {
        const shared = find(tenant, wholeTenant, plan);
        if (shared !== none) best = Math.max(best ?? Number.NEGATIVE_INFINITY, endOf[shared] as number);
        const own = user === undefined ? none : find(tenant, user, plan);
        if (own !== none) best = Math.max(best ?? Number.NEGATIVE_INFINITY, endOf[own] as number);
      }
      return best;
    };
    return {latest, size};
  };

  return {add, link};
};
