// The token with which Postern itself calls a vendor's API: fetched once for all who need it, replaced before it ends.

export interface OwnToken {
  /**
   * The token, from memory unless it has run out. Rejects as `fetch` does, for a while with the same failure: a wrong
   * secret must not become a call for every request. `dependency`: on whose behalf, for metrics.
   */
  get(dependency: string): Promise<string>;
  /**
   * The vendor has refused this one: true if the next `get` has another. False if the one before was refused a moment ago:
   * then it is not the token, and a vendor that refuses all of them must not be asked for one by each request.
   */
  refused(token: string): boolean;
}

export interface FetchedToken {
  readonly token: string;
  /** Seconds that it lives. */
  readonly expiresIn: number;
}

/** Of its life after which a token is replaced. */
const renewal = 0.8;
/** Milliseconds between attempts to replace a token that still works, and between two that were refused. */
const rest = 5_000;
/** Milliseconds between attempts while there is none: everybody waits for that one. */
const shortRest = 1_000;

/**
 * `fetch` asks the vendor; it belongs to all requests, so it takes a time-out of its own and no request's deadline. `now` in
 * milliseconds, of a clock that nobody sets: else a step back would keep a token past its end.
 */
export const makeOwnToken = (fetch: (dependency: string) => Promise<FetchedToken>, now: () => number): OwnToken => {
  let held: {readonly token: string; readonly renewAt: number; readonly endsAt: number} | undefined;
  let failure: {readonly error: unknown; readonly until: number} | undefined;
  let flight: Promise<string> | undefined;
  let restUntil = Number.NEGATIVE_INFINITY;
  let keepUntil = Number.NEGATIVE_INFINITY;

  const replace = async (dependency: string): Promise<string> => {
    const asked = now();
    try {
      const {token, expiresIn} = await fetch(dependency);
      held = {token, renewAt: asked + expiresIn * 1_000 * renewal, endsAt: asked + expiresIn * 1_000};
      failure = undefined;
      return token;
    } catch (error) {
      restUntil = now() + rest;
      failure = {error, until: now() + shortRest};
      throw error;
    } finally {
      flight = undefined;
    }
  };
  const renew = (dependency: string): Promise<string> => {
    flight ??= replace(dependency);
    return flight;
  };

  return {
    async get(dependency) {
      const moment = now();
      if (held === undefined || moment >= held.endsAt) {
        if (failure !== undefined && moment < failure.until) throw failure.error;
        return renew(dependency);
      }
      // It is good for the last fifth of its life: nobody waits for the next one, and an outage hurts nobody yet.
      if (moment >= held.renewAt && moment >= restUntil) renew(dependency).catch(() => undefined);
      return held.token;
    },
    refused(token) {
      if (held?.token !== token) return true;
      if (now() < keepUntil) return false;
      keepUntil = now() + rest;
      held = undefined;
      return true;
    },
  };
};
