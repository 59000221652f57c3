// What the texts that `postern init` writes have in common.
import type {Answers, Choice, Question} from './choice.ts';

/** What changing an order takes, where principals have roles. */
export const byRole: Choice['change'] = {
  require: 'roles: [admin]',
  about: 'its administrators only',
  reason: 'missing_role',
};

/** Where a standard does not say which claims these are. */
export const claimQuestions: readonly Question[] = [
  {name: 'tenant-claim', ask: 'the claim with the tenant', otherwise: 'org_id', at: 'providers[0].claims.tenant'},
  {
    name: 'roles-claim',
    ask: 'the claim with the roles; dots walk into objects',
    otherwise: 'roles',
    at: 'providers[0].claims.roles',
  },
];

/** The content of a file with a secret that only the operator knows. */
export const placeholder = 'replace-me\n';

/** A text as a YAML scalar: plain where nothing can be read into it. */
export const quoted = (text: string): string =>
  /^[A-Za-z][\w.:/-]*[\w/-]$/.test(text) && !/^(true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);

/** `a, b` as a list of YAML. */
export const listed = (given: string): string =>
  `[${given
    .split(',')
    .map((one) => quoted(one.trim()))
    .join(', ')}]`;

/** The audiences that were given, or the word that none is checked. */
export const audienceOf = ({audience = ''}: Answers): string => (audience === 'any' ? 'any' : listed(audience));

/** The three who ask in the cases; NAME stands for the name of each. */
export const three = (alice: string, bob: string, carol: string): string =>
  Object.entries({alice, bob, carol})
    .map(([name, text]) => `  ${name}: ${text.replace('NAME', name)}`)
    .join('\n');
