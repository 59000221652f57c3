// How `postern init` begins with Frontegg.
import type {Answers, Choice} from '../choice.ts';
import {byRole, placeholder, quoted, three} from '../choiceYaml.ts';
import {isFronteggs} from './settings.ts';

export const fronteggChoice: Choice = {
  type: 'frontegg',
  title: 'Frontegg',
  guide: 'frontegg',
  questions: [
    {
      name: 'base-url',
      ask: 'where your account answers (FRONTEGG_API_GATEWAY_URL)',
      otherwise: 'https://api.frontegg.com',
      at: 'providers[0].baseUrl',
    },
    {
      name: 'client-id',
      ask: 'the client id of the environment (FRONTEGG_CLIENT_ID)',
      otherwise: 'your-client-id',
      at: 'providers[0].clientId',
    },
  ],
  provider: (answers) => `  - name: frontegg
    type: frontegg
${account(answers, '    ')}
    # issuer: https://acme.frontegg.com # what your tokens name as iss. Set it when other providers share the header
    ${isOwnAddress(answers) ? '# ' : ''}audience: [${quoted(answers['client-id'] ?? '')}] # what your tokens name as aud: the client id, or ids of applications
`,
  tenants: true,
  change: byRole,
  people: () => {
    const user = (tenant: string, role: string) =>
      `{provider: frontegg, kind: user, subject: NAME, tenant: ${tenant}, roles: [${role}]}`;
    return three(user('acme', 'admin'), user('acme', 'viewer'), user('tiny', 'admin'));
  },
  as: 'principal',
  source: (answers) => `    type: frontegg\n${account(answers, '    ')}`,
  files: () => ({'secrets/frontegg-api-key': {content: placeholder, secret: true}}),
  notes: () => ['put the API key of the environment into secrets/frontegg-api-key'],
};

/** Elsewhere it may be a gateway to a region, whose other customers' tokens verify, too. */
const isOwnAddress = ({'base-url': base = ''}: Answers): boolean =>
  URL.canParse(base) && isFronteggs(new URL(base).hostname);

const account = (answers: Answers, indent: string): string =>
  [
    `baseUrl: ${quoted(answers['base-url'] ?? '')}`,
    `clientId: ${quoted(answers['client-id'] ?? '')}`,
    'apiKey: ${file:secrets/frontegg-api-key}',
  ]
    .map((line) => `${indent}${line}`)
    .join('\n');
