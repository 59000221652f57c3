// How long each step of a decision takes: the provider's word, and each part of the requirement. Only where asked for.
import type {Request} from '../core/request/request.ts';
import type {WrapPart} from '../core/requirement/compile.ts';
import type {Unmet} from '../core/requirement/part.ts';

/** What of a provider is timed; declared here because this folder does not know the providers'. */
interface Authenticator<C, X, A> {
  authenticate(credential: C, context: X): A | Promise<A>;
}

export interface StepTimes {
  /** The same provider; the time of its answer is kept. */
  provider<C, X extends {readonly request: Request}, A, P extends Authenticator<C, X, A>>(
    provider: P & Authenticator<C, X, A>,
  ): P;
  /** The same part of a requirement. */
  part(_rule: unknown, ...part: Parameters<WrapPart>): ReturnType<WrapPart>;
  /** Milliseconds by step, of a request that is decided. */
  of(request: Request): Readonly<Record<string, number>> | undefined;
}

/** `steady` in milliseconds. */
export const makeStepTimes = (steady: () => number): StepTimes => {
  const times = new WeakMap<Request, Record<string, number>>();
  const keep = (request: Request, step: string, began: number): void => {
    const known = times.get(request) ?? {};
    known[step] = Math.round((steady() - began) * 1_000) / 1_000;
    times.set(request, known);
  };
  return {
    provider: (provider) => ({
      ...provider,
      authenticate: async (credential, context) => {
        const began = steady();
        try {
          return await provider.authenticate(credential, context);
        } finally {
          keep(context.request, 'authenticate', began);
        }
      },
    }),
    part: (_rule, name, _wanted, holds) => (facts) => {
      const began = steady();
      const done = (unmet: Unmet | undefined) => {
        keep(facts.request, name, began);
        return unmet;
      };
      const unmet = holds(facts);
      return unmet instanceof Promise ? unmet.then(done) : done(unmet);
    },
    of: (request) => times.get(request),
  };
};
