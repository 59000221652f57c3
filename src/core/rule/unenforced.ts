// What becomes of a refusal where the rule lets the request through all the same: an open door, or a shadow rule.
import type {Place} from '../credential/credential.ts';
import type {Allow, Decision} from '../decision.ts';
import type {Rule} from './rules.ts';

/** The decision that counts. `places`: of all providers; `decided`: what the rule's guard has come to. */
export const inTheEnd = (rule: Rule, decided: Decision, places: readonly Place[]): Decision => {
  if (decided.outcome === 'allow') return decided;
  if (rule.access.access === 'lenient') return asGuest(rule, decided, places);
  return rule.shadow ? asShadow(rule, decided) : decided;
};

type Refused = Exclude<Decision, Allow>;

/** Whatever is wrong with the credential, the caller is nobody, and it stays here. */
const asGuest = ({name}: Rule, refused: Refused, withheld: readonly Place[]): Allow => {
  const {reason, principal: _, challenge: __, upgrade: ___, ...rest} = refused;
  return {...rest, outcome: 'allow', rule: name, ignored: reason, withheld};
};

/** What would have been refused passes, and says so. A revoked principal is not told to the upstream. */
const asShadow = ({name}: Rule, refused: Refused): Allow => {
  const {reason, principal, challenge: _, upgrade: __, ...rest} = refused;
  const told = principal === undefined || reason === 'revoked' ? {} : {principal};
  return {...rest, ...told, outcome: 'allow', rule: name, shadow: reason};
};
