// Explains by the configuration in force: its keys, entitlements and revocations as they are now. Nothing is counted.

import type {CheckParts} from '../../check.ts';
import {signerOf, tokenWith} from '../../commands/test/token.ts';
import type {Request} from '../../core/request/request.ts';
import type {Remembered} from '../../observe/remembered.ts';
import type {AskedBody} from '../admin/askedBody.ts';
import type {Clocks} from '../clocks.ts';
import type {Configuration, Decider} from '../decider.ts';
import {type Answered, makeOffline} from '../offline/offline.ts';
import {againOf} from './again.ts';
import {explain} from './explained.ts';
import type {Explanation} from './explanation.ts';
import {type Given, withGiven} from './given.ts';

export interface Explained {
  readonly explanation: Explanation;
  readonly answer: Answered['answer'];
}

export interface Explainer {
  /** A request that somebody typed in. Rejects with CommandError where its claims cannot be made a token. */
  asked(body: AskedBody): Promise<Explained>;
  /** A decision that was made, with what was found of its credential then. Undefined: no rule was looked at. */
  again(one: Remembered): Promise<Explained | undefined>;
}

export interface ExplainerParts {
  readonly decider: () => Decider;
  readonly configuration: () => Configuration;
  readonly clocks: Clocks;
}

/** Milliseconds after which nobody waits for an explanation. */
const patience = 10_000;

export const makeExplainer = ({decider, configuration, clocks}: ExplainerParts): Explainer => {
  const explained = async (parts: CheckParts, request: Request, now: number): Promise<Explained> => {
    const context = {id: 'explained', now, deadline: clocks.now() + patience};
    const explanation = await explain(parts, request, context, clocks);
    return {explanation, answer: decider().render(explanation.decision, request, 'explained')};
  };

  return {
    async asked({request, claims, provider, at}) {
      const {parts} = decider();
      const now = at ?? clocks.now();
      if (claims === undefined) return explained(parts, request, now);
      // Its providers trust keys of their own, so that claims can be signed; what was bought or revoked is as it is here.
      const {entitlements, revocations} = parts;
      const offline = await makeOffline(configuration(), {
        now: () => now,
        snapshot: undefined,
        entitlements,
        revocations,
      });
      try {
        const signer = signerOf(offline, claims, provider);
        const asked = offline.withToken(request, tokenWith(offline, claims, signer, now), signer);
        return await explained({...parts, providers: offline.providers, entitlements, revocations}, asked, now);
      } finally {
        await offline.close();
      }
    },
    async again(one) {
      const again = againOf(one);
      if (again === undefined) return undefined;
      const {parts} = decider();
      return explained(again.given === undefined ? parts : given(parts, again.given), again.request, one.at);
    },
  };
};

/** There is no credential any more with which somebody could be asked. */
const given = (parts: CheckParts, of: Given): CheckParts => ({
  ...parts,
  providers: withGiven(parts.providers, () => of),
  entitlements: {
    ...parts.entitlements,
    holdings: (principal, features, attributes, now) =>
      parts.entitlements.holdings(principal, features, attributes, now),
    entitled: (principal, question, attributes, now) =>
      parts.entitlements.entitled(principal, question, attributes, now),
  },
});
