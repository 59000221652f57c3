// What may stand in Redis, whoever wrote it: sealed, only what was sealed for that place counts; unsealed, only its form.
import {Unavailable} from '../../../src/core/unavailable.ts';
import {featureShape, flagShape, planShape, readDocument} from '../../../src/entitlements/document.ts';
import {packSnapshot, unpackSnapshot} from '../../../src/entitlements/packed.ts';
import {readHead, readSomeTenants, readTenants} from '../../../src/entitlements/recordRead.ts';
import {describeFinding} from '../../../src/entitlements/words.ts';
import {makePieces} from '../../../src/store/pieces.ts';
import {makeRedisCache} from '../../../src/store/redisCache.ts';
import {makeRevocationForm} from '../../../src/store/revocationForm.ts';
import {makeSeal, type Seal} from '../../../src/store/seal.ts';
import {must, type Target} from '../target.ts';

const isOutage = (error: unknown): undefined => {
  if (error instanceof Unavailable) return undefined;
  throw error;
};

const now = 1_800_000_000_000;
const sealKey = 'a seal key that nobody knows';
const sealed = makeSeal(sealKey);
const unsealed = makeSeal(undefined);
const place = 'postern:principals:k';
const good = sealed.pack(place, '{"subject":"u1"}', now + 60_000);

/** What a cache or the pieces of a snapshot find in Redis. */
export const sealedContent: Target = {
  name: 'sealedContent',
  seeds: [
    good,
    sealed.pack('postern:another', '{"subject":"u1"}', now + 60_000),
    unsealed.pack(place, '{"subject":"u1"}', now + 60_000),
    '1.1.A.x',
    '2.x',
  ],
  words: ['1.', '.', '{"subject":"u1"}', '1800000060000', 'AAAA', 'version', 'asOf', 'pieces', 'id'],
  longest: 65_536,
  async open() {
    return {
      async run(input) {
        const packed = input.toString('utf8');
        const opened = sealed.open(place, packed, now);
        must(opened === undefined || packed === good, 'what was not sealed for this place is taken for it');
        const redis = {
          available: () => true,
          ready: () => true,
          call: async () => packed,
          circuit: () => 'closed',
          health: () => ({part: 'redis', state: 'ready'}),
          close: async () => {},
        } as never;
        const codec = {encode: (value: unknown) => value, decode: (json: unknown) => json};
        for (const seal of [sealed, unsealed]) {
          const cache = makeRedisCache<unknown>({
            redis,
            name: 'principals',
            prefix: 'postern:',
            codec,
            seal,
            now: () => now,
          });
          await cache.get('k');
          const pieces = makePieces({redis, prefix: 'postern:', name: 'n', keep: 1_000, seal, now: () => now} as never);
          const mark = await pieces.mark();
          must(mark === undefined || (mark.pieces > 0 && Number.isSafeInteger(mark.pieces)), 'a mark of no pieces');
          if (mark !== undefined) await unpackSnapshot(pieces.read(mark.version, Math.min(mark.pieces, 3)));
        }
      },
    };
  },
};

const setKey = 'postern:{revocations}';
const element = {
  kind: 'revoke',
  subject: 'u1',
  tenant: 't1',
  before: 1_700_000_000,
  at: 1_700_000_000_000,
  expires: now + 60_000,
};
const ofSeal = (seal: Seal) => makeRevocationForm(setKey, seal);
const goodMember = sealed.pack(setKey, JSON.stringify(element), now + 60_000);

/** A member of the set of revocations. */
export const revocationMember: Target = {
  name: 'revocationMember',
  seeds: [goodMember, unsealed.pack(setKey, JSON.stringify(element), now + 60_000), '2.1800000060000..{}', '1.1..x'],
  words: ['1.', '2.', 'kind', 'revoke', 'remove', 'subject', 'tenant', 'tokenId', 'sessionId', 'before', 'expires', 'at', 'reason', 'by', '1800000060000'], // biome-ignore format: a table
  longest: 65_536,
  async open() {
    return {
      run(input) {
        const member = input.toString('utf8');
        const bySeal = ofSeal(sealed).open(member);
        must(!('element' in bySeal) || member === goodMember, 'what was not sealed is taken for a revocation');
        const opened = ofSeal(unsealed).open(member);
        if (!('element' in opened)) return undefined;
        const {element: found} = opened;
        const again = ofSeal(unsealed).open(ofSeal(unsealed).pack(found));
        return () => must('element' in again && again.element.id === found.id, 'what was read is not what is written');
      },
    };
  },
};

const document = {
  features: {orders: {permissions: ['orders.read']}},
  plans: {pro: {features: ['orders'], rules: [{conditions: [{attribute: 'email', op: 'ends_with', value: {string: 'x'}}], treatment: true}]}},
  grants: [{plan: 'pro', tenant: 't1'}, {plan: 'pro', tenant: 't2', user: 'u1', expires: '2099-01-31T00:00:00Z'}],
  flags: {orders: {on: true}},
}; // biome-ignore format: a document
const read = await readDocument(document);
const packed = 'snapshot' in read ? [...packSnapshot(read.snapshot)] : read.findings.map(describeFinding);

/** The pieces of a snapshot: one line each. */
export const snapshotPieces: Target = {
  name: 'snapshotPieces',
  seeds: [packed.join('\n'), '[[],[],[]]', '[[],[],[]]\n[["pro","t1",null,null]]'],
  words: ['[', ']', '"pro"', '"t1"', 'null', '"orders"', 'permissions', 'features', 'rules', '\n'],
  longest: 65_536,
  async open() {
    return {
      async run(input) {
        const lines = input.toString('utf8').split('\n');
        const snapshot = await unpackSnapshot(
          (async function* () {
            yield* lines;
          })(),
        );
        for (const {plan, tenant, user, expires} of snapshot?.grants ?? []) {
          must(typeof plan === 'string' && typeof tenant === 'string', 'a grant of nothing, or to nobody');
          must(user === null || typeof user === 'string', 'a grant to no user');
          must(expires === null || typeof expires === 'number', 'a grant without an end');
        }
      },
    };
  },
};

/** The record of entitlements: what stands in its hashes, a line each. */
export const entitlementRecord: Target = {
  name: 'entitlementRecord',
  seeds: [
    'orders\n{"permissions":["orders.read"]}', 'pro\n{"features":["orders"],"default":false,"rules":[]}',
    't1\n[{"plan":"pro","user":null,"expires":null}]', 'beta\n{"on":true,"default":false,"off":false,"rules":[]}', '',
  ], // biome-ignore format: a table
  words: [
    'permissions',
    'features',
    'plan',
    'pro',
    'tenant',
    'user',
    'expires',
    'on',
    'default',
    'off',
    'rules',
    '__proto__',
    '\n',
  ],
  longest: 65_536,
  async open() {
    const plans = new Map([['pro', {features: ['orders'], default: false, rules: []}]]);
    return {
      async run(input) {
        const fields = input.toString('utf8').split('\n');
        const call = async (command: string) =>
          command === 'HSCAN' ? ['0', fields] : command === 'HGETALL' ? fields : fields[1];
        const redis = {
          call,
          pipeline: async (commands: readonly unknown[]) => commands.map(() => fields[1]),
          transaction: async () => [],
        } as never;
        const head = await readHead(redis, 'postern:').catch(isOutage);
        for (const one of head?.features.values() ?? []) must(featureShape.safeParse(one).success, 'an odd feature');
        for (const one of head?.plans.values() ?? []) must(planShape.safeParse(one).success, 'an odd plan');
        for (const one of head?.flags.values() ?? []) must(flagShape.safeParse(one).success, 'an odd flag');
        const tenants = [];
        try {
          for await (const one of readTenants(redis, 'postern:', plans as never)) tenants.push(one);
          tenants.push(...(await readSomeTenants(redis, 'postern:', ['t1'], plans as never)));
        } catch (error) {
          isOutage(error);
        }
        for (const {tenant, grants} of tenants)
          for (const grant of grants)
            must(grant.tenant === tenant && plans.has(grant.plan), 'a grant of another tenant, or of no plan');
      },
    };
  },
};
