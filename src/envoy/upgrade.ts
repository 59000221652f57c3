// What a refusal says of the plans that would open it, and the link to buy one.
import type {Upgrade} from '../core/decision.ts';
import type {Request} from '../core/request/request.ts';
import {encodedUrl} from './login.ts';

/** Members of the problem (RFC 9457 section 3.2). */
export interface UpgradeMembers {
  readonly feature: string;
  readonly plans: readonly string[];
  readonly link?: string;
}

/**
 * Compiles `responses.upgrade`. In the link `{plan}` becomes the first of the plans, `{feature}` the feature, `{url}` the
 * address that was asked for, each percent-encoded. There is no link where one of them is not known.
 */
export const makeUpgrade = ({link}: {readonly link?: string | undefined}) => {
  const pieces = link?.split(/(\{(?:plan|feature|url)\})/);

  return ({feature, plans}: Upgrade, request: Request | undefined): UpgradeMembers => {
    const known: Readonly<Record<string, () => string | undefined>> = {
      '{plan}': () => encoded(plans[0]),
      '{feature}': () => encoded(feature),
      '{url}': () => request && encodedUrl(request),
    };
    const filled = pieces?.map((piece, at) => (at % 2 === 0 ? piece : known[piece]?.()));
    const whole = filled?.includes(undefined) ? undefined : filled?.join('');
    return {feature, plans, ...(whole !== undefined && {link: whole})};
  };
};

const encoded = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : encodeURIComponent(text.toWellFormed());
