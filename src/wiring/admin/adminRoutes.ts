// The guarded pages of the admin port: revoke, take back, list revocations, drop cached entitlements.
import {type AdminAnswer, type AdminRequest, type AdminRoute, json} from '../../admin/route.ts';
import {isObject} from '../../core/isObject.ts';
import type {Drop} from '../../core/revocation/revocation.ts';
import {
  type Attribution,
  type RevocationOrder,
  removalOf,
  revocationOf,
} from '../../core/revocation/revocationOrder.ts';
import type {RevocationSet} from '../../core/revocation/revocationSet.ts';
import {namedTwice} from '../../core/words/jsonTwice.ts';
import {suggestion} from '../../core/words/nearest.ts';
import type {Log} from '../../observe/log.ts';
import type {Feed} from '../../store/feed.ts';
import {named} from '../../store/revocationForm.ts';

export interface AdminRouteParts {
  readonly feed: Pick<Feed, 'add' | 'drop' | 'moment' | 'sync'>;
  readonly set: Pick<RevocationSet, 'find' | 'removalOf' | 'list' | 'size'>;
  /** The names of the configuration in force. */
  readonly providers: () => readonly string[];
  readonly log: Pick<Log, 'info'>;
  /** Milliseconds for which a revocation is kept. */
  readonly keep: number;
  readonly newId: () => string;
  /** Who hears of it: without Redis this instance alone. */
  readonly reach: 'every instance' | 'this instance only';
}

/** Most on one page: more would keep decisions waiting while it is written. */
const listed = 1_000;

/** All of them need the admin token. What is wrong with a request is said in the answer, status 400. */
export const makeAdminRoutes = (parts: AdminRouteParts): readonly AdminRoute[] => {
  const {feed, set, providers, log, keep, newId, reach} = parts;
  /** 202 where the others will hear of it later: Redis is away, and this process goes on trying. */
  const answer = (announced: boolean, shown: object): AdminAnswer => {
    log.info(
      {...shown, announced},
      announced ? 'told on the feed' : 'takes effect here; Redis does not take it, trying again',
    );
    return json(announced ? 200 : 202, {...shown, announced, reach});
  };
  const making = async () => ({now: await feed.moment(), keep, salt: newId().slice(0, 8)});

  const revoke = async (request: AdminRequest): Promise<AdminAnswer> => {
    const body = objectOf(request);
    if (typeof body === 'string') return bad(body);
    const made = revocationOf(body as RevocationOrder, await making());
    if ('fault' in made) return bad(`The revocation ${made.fault}.`);
    const {provider} = made.revocation;
    // A misspelt one would refuse nobody, and say that all is well.
    if (provider !== undefined && !providers().includes(provider)) {
      return bad(`There is no provider ${JSON.stringify(provider)}${suggestion(provider, providers())}`);
    }
    const revocation = named(made.revocation);
    const {announced} = await feed.add(revocation);
    return answer(announced, {revocation});
  };
  const takeBack = async (id: string, attribution: Attribution): Promise<AdminAnswer> => {
    // It may have been made elsewhere, a moment ago.
    if (set.find(id) === undefined && set.removalOf(id) === undefined) await feed.sync();
    const known = set.removalOf(id);
    const revocation = set.find(id);
    if (revocation === undefined && known === undefined) {
      return json(404, {error: 'not_found', detail: 'There is no revocation of this id: GET /revocations lists them.'});
    }
    // Said once more: it has been taken back, and Redis may not know it yet.
    const made =
      known === undefined && revocation ? removalOf(revocation, attribution, await making()) : {removal: known};
    if ('fault' in made) return bad(`The removal ${made.fault}.`);
    if (made.removal === undefined) return bad('The removal cannot be made.');
    const removal = named(made.removal);
    const {announced} = await feed.add(removal);
    return answer(announced, {removal});
  };

  return [
    {
      method: 'GET',
      path: '/revocations',
      token: true,
      about: `Revocations in force: ?limit=${listed}&after=ID`,
      handle: ({query}) => {
        const limit = query.get('limit') ?? String(listed);
        if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > listed) {
          return bad(`limit is a number from 1 to ${listed}.`);
        }
        const found = set.list(Number(limit), query.get('after') ?? undefined);
        if (found === undefined) return bad('after names no revocation that is known: begin again without it.');
        const next = found.length < Number(limit) ? {} : {next: found.at(-1)?.id};
        return json(200, {revocations: found, ...next, total: set.size, reach});
      },
    },
    {
      method: 'POST',
      path: '/revocations',
      token: true,
      about: 'Revoke: {subject, tenant, sessionId, tokenId, provider, before, reason, by}',
      handle: revoke,
    },
    {
      method: 'DELETE',
      path: '/revocations/{id}',
      token: true,
      about: 'Take a revocation back: {reason, by}',
      handle: (request) => {
        const body = objectOf(request);
        if (typeof body === 'string') return bad(body);
        return takeBack(request.path.slice('/revocations/'.length), body);
      },
    },
    {
      method: 'POST',
      path: '/entitlements/drop',
      token: true,
      about: 'Fetch entitlements anew: {tenant, subject}, or {} for all',
      handle: async (request) => {
        const drop = dropOf(objectOf(request));
        if (typeof drop === 'string') return bad(drop);
        const {announced} = await feed.drop(drop);
        return answer(announced, {drop});
      },
    },
  ];
};

const bad = (detail: string): AdminAnswer => json(400, {error: 'bad_request', detail});

/** The body as an object, or a sentence that says why it is none. */
const objectOf = ({body}: AdminRequest): object | string => {
  try {
    const value: unknown = body === '' ? {} : JSON.parse(body);
    const twice = namedTwice(body);
    if (twice !== undefined) return `The body has ${JSON.stringify(twice.name.slice(0, 64))} twice in one object.`;
    if (isObject(value)) return value;
  } catch {
    // said below
  }
  return 'The body is not a JSON object.';
};

const dropOf = (body: object | string): Drop | string => {
  if (typeof body === 'string') return body;
  const {tenant, subject, ...others} = body as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) return 'The body has an unknown key: the keys are tenant and subject.';
  for (const [key, value] of Object.entries({tenant, subject})) {
    if (value === undefined) continue;
    if (typeof value !== 'string' || value === '' || value.length > 512) {
      return `The body has a ${key} that is not a text of 1 to 512 characters.`;
    }
  }
  return {...(typeof tenant === 'string' && {tenant}), ...(typeof subject === 'string' && {subject})};
};
