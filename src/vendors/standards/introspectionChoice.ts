// How `postern init` begins with opaque tokens, which their issuer is asked about.
import type {Choice} from '../choice.ts';
import {byRole, claimQuestions, placeholder, quoted, three} from '../choiceYaml.ts';

export const introspectionChoice: Choice = {
  type: 'introspection',
  title: 'opaque tokens: the issuer is asked about each (RFC 7662)',
  guide: 'introspection',
  questions: [
    {
      name: 'introspection-endpoint',
      ask: 'the introspection endpoint of the issuer',
      otherwise: 'https://id.acme.example/oauth2/introspect',
      at: 'providers[0].endpoint',
    },
    {name: 'client-id', ask: 'how Postern is known there', otherwise: 'orders-api', at: 'providers[0].clientId'},
    ...claimQuestions,
  ],
  provider: (answers) => `  - name: issuer
    type: introspection
    endpoint: ${quoted(answers['introspection-endpoint'] ?? '')}
    clientId: ${quoted(answers['client-id'] ?? '')}
    clientSecret: \${file:secrets/introspection-client-secret}
    ttl: 30s # a token that was revoked there is refused after this time at the latest
    # issuer: https://id.acme.example # if its replies name them: each makes it harder to use a token where it was not meant for
    # audience: [orders-api]
    claims: # where in its replies things are; dots walk into objects
      tenant: ${quoted(answers['tenant-claim'] ?? '')}
      roles: ${quoted(answers['roles-claim'] ?? '')}
`,
  tenants: true,
  change: byRole,
  people: () => {
    const user = (tenant: string, role: string) =>
      `{provider: issuer, kind: user, subject: NAME, tenant: ${tenant}, roles: [${role}]}`;
    return three(user('acme', 'admin'), user('acme', 'viewer'), user('tiny', 'admin'));
  },
  as: 'principal',
  files: () => ({'secrets/introspection-client-secret': {content: placeholder, secret: true}}),
  notes: () => ['put the secret of that client into secrets/introspection-client-secret'],
};
