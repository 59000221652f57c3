// How `postern init` begins with Authgear.
import type {Choice} from '../choice.ts';
import {byRole, quoted, three} from '../choiceYaml.ts';

export const authgearChoice: Choice = {
  type: 'authgear',
  title: 'Authgear',
  guide: 'authgear',
  questions: [
    {
      name: 'endpoint',
      ask: 'the public endpoint of your project',
      otherwise: 'https://acme.authgear.cloud',
      at: 'providers[0].endpoint',
    },
  ],
  provider: (answers) => `  - name: authgear
    type: authgear
    endpoint: ${quoted(answers.endpoint ?? '')}
    # jwt: tokens are verified here, and a disabled user is out when the token ends. both: opaque tokens and session
    # cookies are asked about as well; resolver: Authgear is asked about everything, and a disabled user is out in seconds.
    mode: jwt
`,
  tenants: false,
  change: {...byRole, about: 'a role of the user, direct or through a group'},
  people: () => {
    const claims = (role: string, more = '') =>
      `{sub: NAME, 'https://authgear.com/claims/user/roles': [${role}]${more}}`;
    return three(claims('admin', ', plan: pro'), claims('viewer', ', plan: pro'), claims('admin'));
  },
  as: 'token',
};
