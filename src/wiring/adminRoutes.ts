// The guarded pages of the admin port: revoke, list revocations, drop cached entitlements.
import {type AdminAnswer, type AdminRequest, type AdminRoute, json} from '../admin/route.ts';
import type {FeedMessage, Revocation} from '../core/revocation.ts';
import {type RevocationOrder, revocationOf} from '../core/revocationOrder.ts';
import type {Log} from '../observe/log.ts';

export interface AdminRouteParts {
  publish(message: FeedMessage): Promise<{readonly announced: boolean}>;
  revocations(): readonly Revocation[];
  readonly log: Pick<Log, 'info'>;
  /** Milliseconds for which a revocation is kept. */
  readonly keep: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** All of them need the admin token. What is wrong with a body is said in the answer, status 400. */
export const makeAdminRoutes = ({publish, revocations, log, keep, now}: AdminRouteParts): readonly AdminRoute[] => {
  /** 202 where the others will hear of it later: Redis is away, and this process goes on trying. */
  const publishAndAnswer = async (message: FeedMessage, shown: object): Promise<AdminAnswer> => {
    const {announced} = await publish(message);
    log.info(
      {...message, announced},
      announced ? 'told on the feed' : 'takes effect here; Redis is away, trying again',
    );
    return json(announced ? 200 : 202, {...shown, announced});
  };

  return [
    {
      method: 'GET',
      path: '/revocations',
      token: true,
      about: 'Revocations in force',
      handle: () => json(200, {revocations: revocations()}),
    },
    {
      method: 'POST',
      path: '/revocations',
      token: true,
      about: 'Revoke: {subject, tenant, sessionId, tokenId, provider, before}',
      handle: async (request) => {
        const body = objectOf(request);
        if (typeof body === 'string') return json(400, {error: 'bad_request', detail: body});
        const made = revocationOf(body as RevocationOrder, now(), keep);
        if ('fault' in made) return json(400, {error: 'bad_request', detail: `The revocation ${made.fault}.`});
        return publishAndAnswer({kind: 'revoke', revocation: made.revocation}, {revocation: made.revocation});
      },
    },
    {
      method: 'POST',
      path: '/entitlements/drop',
      token: true,
      about: 'Fetch entitlements anew: {tenant, subject}, or {} for all',
      handle: async (request) => {
        const drop = dropOf(objectOf(request));
        if (typeof drop === 'string') return json(400, {error: 'bad_request', detail: drop});
        return publishAndAnswer({kind: 'drop', drop}, {drop});
      },
    },
  ];
};

/** The body as an object, or a sentence that says why it is none. */
const objectOf = ({body}: AdminRequest): object | string => {
  try {
    const value: unknown = body === '' ? {} : JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  return 'The body is not a JSON object.';
};

const dropOf = (body: object | string) => {
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
