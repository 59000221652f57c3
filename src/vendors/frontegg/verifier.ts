// Verifies Frontegg's JWTs, also while the one key of its configuration may be another by now.
import type {Health} from '../../core/health.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {makeVerifyJwt, type VerifyJwt} from '../../providers/jwt.ts';
import {type KeyKeeper, makeKeyKeeper} from '../../providers/keyKeeper.ts';
import type {VendorParts} from '../vendor.ts';
import type {FronteggApi} from './api.ts';
import {makeFronteggKeys} from './keys.ts';
import {baseOf, type FronteggSettings, isSharedGateway} from './settings.ts';

/** `health` says degraded, too, while the one key stands in for a key set that could not be asked. */
export interface FronteggVerifier
  extends Pick<KeyKeeper, 'start' | 'holds' | 'age' | 'size' | 'shown' | 'fault' | 'health' | 'close'> {
  /** Rejects with Unavailable if the keys cannot be had, or may be others than those at hand. */
  readonly verify: VerifyJwt;
}

export const makeFronteggVerifier = (
  settings: FronteggSettings,
  api: FronteggApi,
  parts: VendorParts,
): FronteggVerifier => {
  const {name, issuer, audience, clockTolerance, jwks} = settings;
  const dependency = `keys:${name}`;
  // The key set of a gateway for all of Frontegg's customers does not say whose token it is; issuer or audience do.
  const isBound = issuer !== null || Array.isArray(audience);
  const source = makeFronteggKeys(api, dependency, isBound || !isSharedGateway(baseOf(settings)));
  const environment = `Frontegg at ${baseOf(settings)}, client ${settings.clientId}, issuer ${issuer ?? 'any'}`;
  const keptKeys = parts.keepKeys?.(name, environment);
  const keys = makeKeyKeeper({...parts, dependency, timing: jwks, fetch: source.fetch, keptKeys});
  /** Those that were kept tell by themselves. */
  const isUnnamed = () => source.unnamed() || keys.shown().every(({kid}) => kid === undefined);
  // A key without id is looked for again below, where it is known whether there may be others.
  const verify = makeVerifyJwt(
    {find: keys.find},
    {
      issuer: issuer ?? undefined,
      audience: audience ?? 'any',
      algorithms: ['RS256'],
      clockTolerance,
      tokenType: undefined,
    },
  );
  let lookedForKey = Number.NEGATIVE_INFINITY;

  const health = (): Health => {
    const kept = keys.health();
    const doubt = source.doubt();
    if (kept.state !== 'ready' || doubt === undefined) return kept;
    const detail = `The public key set cannot be asked (${doubt.message}). Until it can, tokens of the configuration's key are good, and those of other keys are unavailable.`;
    return {...kept, state: 'degraded', detail};
  };

  /** Waits for a fetch of the keys: the one under way, or a new one, once in a cooldown. False: for neither. */
  const lookedAgain = async (now: number): Promise<boolean> => {
    if (!source.fetching()) {
      const moment = parts.steady?.() ?? now;
      if (moment - lookedForKey < jwks.cooldown) return false;
      lookedForKey = moment;
    }
    await keys.start();
    return true;
  };

  return {
    ...keys,
    health,
    /** A key without id shows its rotation by signatures that do not hold: it is then fetched anew. */
    async verify(token, now, deadline) {
      const first = await verify(token, now, deadline);
      if (first.rejected !== 'bad_signature' || !isUnnamed()) return first;
      const second = (await lookedAgain(now)) ? await verify(token, now, deadline) : first;
      // As for an unknown key id: while keys cannot be fetched, it may be a new one that we cannot know.
      if (second.rejected === 'bad_signature' && health().state !== 'ready')
        throw new Unavailable(dependency, new Error('it may have another key, which cannot be fetched'));
      return second;
    },
  };
};
