// How `postern init` begins with Amazon Cognito.
import type {Choice} from '../choice.ts';
import {byRole, listed, quoted, three} from '../choiceYaml.ts';

export const cognitoChoice: Choice = {
  type: 'cognito',
  title: 'Amazon Cognito',
  guide: 'cognito',
  questions: [
    {
      name: 'user-pool-id',
      ask: 'the id of the user pool',
      otherwise: 'eu-west-1_AbCdEf123',
      at: 'providers[0].userPoolId',
    },
    {
      name: 'clients',
      ask: 'the ids of the app clients whose tokens are accepted (several with commas; any: of all in the pool)',
      otherwise: 'your-app-client-id',
      at: 'providers[0].clients',
    },
  ],
  provider: (answers) => `  - name: cognito
    type: cognito
    userPoolId: ${quoted(answers['user-pool-id'] ?? '')} # its region, issuer and keys follow from it
    clients: ${answers.clients === 'any' ? 'any' : listed(answers.clients ?? '')} # tokens of the pool's other app clients are refused
    # claims: {tenant: 'custom:tenant'} # if a trigger adds one; then a rule may say tenant: '{org}'
`,
  tenants: false,
  change: {...byRole, about: 'a group of the pool'},
  people: () => {
    const claims = (group: string, more = '') => `{sub: NAME, 'cognito:groups': [${group}]${more}}`;
    return three(claims('admin', ', plan: pro'), claims('viewer', ', plan: pro'), claims('admin'));
  },
  as: 'token',
};
