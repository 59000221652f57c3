// How `postern init` begins with any OpenID provider.
import type {Choice} from '../choice.ts';
import {audienceOf, byRole, claimQuestions, quoted, three} from '../choiceYaml.ts';

export const oidcChoice: Choice = {
  type: 'oidc',
  title: 'any OpenID provider: Auth0, Okta, Keycloak, Entra, Google, ...',
  guide: 'issuers',
  questions: [
    {
      name: 'issuer',
      ask: 'the issuer of the tokens, as `iss` says it',
      otherwise: 'https://id.acme.example',
      at: 'providers[0].issuer',
      fault: (answer) =>
        /[{}]/.test(answer.replaceAll(/\$\{[^}]*\}/g, ''))
          ? 'stands for a family of issuers: begin with one of them, and let {tenant} stand in its place later'
          : undefined,
    },
    {
      name: 'audience',
      ask: 'whom the tokens are meant for (`aud`: one, or several with commas; any: not checked)',
      otherwise: 'orders-api',
      at: 'providers[0].audience',
    },
    ...claimQuestions,
  ],
  provider: (answers) => `  - name: issuer
    type: oidc
    issuer: ${quoted(answers.issuer ?? '')} # its keys are found by discovery
    audience: ${audienceOf(answers)} # tokens that are meant for others are refused
    claims: # where in the token things are; dots walk into objects
      tenant: ${quoted(answers['tenant-claim'] ?? '')}
      roles: ${quoted(answers['roles-claim'] ?? '')}
`,
  tenants: true,
  change: byRole,
  people: (answers) => {
    const claims = (tenant: string, role: string) =>
      `{sub: NAME, ${claimed(answers['tenant-claim'] ?? '', tenant)}, ${claimed(answers['roles-claim'] ?? '', [role])}}`;
    return three(claims('acme', 'admin'), claims('acme', 'viewer'), claims('tiny', 'admin'));
  },
  as: 'token',
};

/** `realm.roles` is `realm: {roles: ...}`. */
const claimed = (path: string, value: string | readonly string[]): string =>
  path
    .split('.')
    .reverse()
    .reduce<string>(
      (inner, part, at) => (at === 0 ? `${quoted(part)}: ${inner}` : `${quoted(part)}: {${inner}}`),
      typeof value === 'string' ? value : `[${value.join(', ')}]`,
    );
