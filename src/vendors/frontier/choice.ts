// How `postern init` begins with Raystack Frontier.
import type {Choice} from '../choice.ts';
import {placeholder, quoted, three} from '../choiceYaml.ts';

export const frontierChoice: Choice = {
  type: 'frontier',
  title: 'Raystack Frontier',
  guide: 'frontier',
  questions: [
    {name: 'url', ask: 'where Frontier is reached', otherwise: 'https://frontier.acme.example', at: 'providers[0].url'},
    {
      name: 'client-id',
      ask: "the client id of a service user of Postern's own",
      otherwise: 'postern',
      at: 'providers[0].clientId',
    },
  ],
  provider: (answers) => `  - name: frontier
    type: frontier
    url: ${quoted(answers.url ?? '')}
    api: connect # rest, for v0.90.0 and older
    # session: # for browsers, which send the cookie sid: hash_secret_key and block_secret_key of Frontier's configuration
    #   hashKey: \${file:secrets/frontier-hash-key}
    #   blockKey: \${file:secrets/frontier-block-key}
    clientId: ${quoted(answers['client-id'] ?? '')} # a service user's credential: newer servers publish their keys to those who sign in only
    clientSecret: \${file:secrets/frontier-client-secret}
`,
  tenants: true,
  change: {
    require: 'kind: service',
    about: 'programs only; for people: relation: {provider: frontier, permission: update, resource: ...}',
    reason: 'wrong_kind',
  },
  people: () =>
    three(
      '{provider: frontier, kind: service, subject: NAME, tenant: acme}',
      '{provider: frontier, kind: user, subject: NAME, tenant: acme}',
      '{provider: frontier, kind: user, subject: NAME, tenant: tiny}',
    ),
  as: 'principal',
  source: (answers) => `    type: frontier
    url: ${quoted(answers.url ?? '')}
    api: connect
    clientId: ${quoted(answers['client-id'] ?? '')}
    clientSecret: \${file:secrets/frontier-client-secret}`,
  files: () => ({'secrets/frontier-client-secret': {content: placeholder, secret: true}}),
  notes: () => ['put the secret of that service user into secrets/frontier-client-secret'],
};
