// How `postern init` begins with Kinde.
import type {Choice} from '../choice.ts';
import {audienceOf, byRole, quoted, three} from '../choiceYaml.ts';

export const kindeChoice: Choice = {
  type: 'kinde',
  title: 'Kinde',
  guide: 'kinde',
  questions: [
    {name: 'domain', ask: 'your domain', otherwise: 'https://acme.kinde.com', at: 'providers[0].domain'},
    {
      name: 'audience',
      ask: 'the audience of your API (Settings > APIs; any: not checked)',
      otherwise: 'orders-api',
      at: 'providers[0].audience',
    },
  ],
  provider: (answers) => `  - name: kinde
    type: kinde
    domain: ${quoted(answers.domain ?? '')}
    audience: ${audienceOf(answers)} # tokens that are meant for others are refused
`,
  tenants: true,
  change: {...byRole, about: 'those with this role, by its key'},
  people: () => {
    const claims = (tenant: string, role: string) =>
      `{sub: NAME, org_code: ${tenant}, roles: [{id: '1', key: ${role}, name: ${role}}]}`;
    return three(claims('acme', 'admin'), claims('acme', 'viewer'), claims('tiny', 'admin'));
  },
  as: 'token',
  source: (answers) =>
    `    type: kinde # feature flags of the token, and billing\n    domain: ${quoted(answers.domain ?? '')}`,
};
