// How `postern init` begins with API keys of one's own.
import {hashOfKey} from '../../providers/apiKeysForm.ts';
import {withEntry} from '../../providers/keyFile.ts';
import type {Choice} from '../choice.ts';
import {byRole, three} from '../choiceYaml.ts';

export const apiKeysChoice: Choice = {
  type: 'apiKeys',
  title: 'API keys of your own',
  guide: 'api-keys',
  questions: [],
  provider: () => `  - name: keys
    type: apiKeys
    file: keys.yaml # hashes only; postern keys new --file keys.yaml adds to it
    credentials:
      - {header: x-api-key}
      - {header: authorization, scheme: Bearer}
`,
  tenants: true,
  change: byRole,
  people: () => {
    const key = (tenant: string, role: string) =>
      `{provider: keys, kind: service, subject: NAME, tenant: ${tenant}, roles: [${role}]}`;
    return three(key('acme', 'admin'), key('acme', 'viewer'), key('tiny', 'admin'));
  },
  as: 'principal',
  files: ({key = ''}) => ({
    'keys.yaml': {
      content: withEntry('# API keys: hashes only. postern keys new --file keys.yaml adds to this file.\n', {
        id: 'first',
        hash: hashOfKey(key),
        subject: 'first',
        tenant: 'acme',
        roles: ['admin'],
      }),
    },
  }),
  notes: ({key = ''}) => [
    `a first key, shown once: ${key}\n  curl -H 'x-api-key: ...' http://127.0.0.1:8000/orgs/acme/orders/1`,
  ],
};
