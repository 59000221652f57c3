// Settings beside the rules that a reviewer would ask about.
import type {Finding} from '../findings.ts';
import type {Settings} from '../schema.ts';

type ProviderSettings = Settings['providers'][number];

/** Looks at checked settings; paths are those of the file. */
export const trusted = ({providers, responses}: Settings): readonly Finding[] => [
  ...providers.flatMap(ofProvider),
  ...[...responses.identity.keys()].flatMap((header): readonly Finding[] =>
    header === 'authorization'
      ? [
          {
            path: ['responses', 'identity', header],
            at: 'key',
            message: 'overwrites the token, which the service may read itself; name another header',
          },
        ]
      : [],
  ),
];

const ofProvider = (provider: ProviderSettings, index: number): readonly Finding[] => {
  const found: Finding[] = [];
  const say = (key: string, message: string) => found.push({path: ['providers', index, key], at: 'value', message});
  const {issuer, audience, clients} = provider as {
    issuer?: string | null;
    audience?: readonly string[] | 'any' | null;
    clients?: readonly string[];
  };
  if (typeof issuer === 'string' && issuer.includes('/.well-known/')) {
    const [base] = issuer.split('/.well-known/');
    say('issuer', `is the address of its discovery document, not the issuer; write ${base}`);
  }
  if (audience === 'any' && clients === undefined && provider.type === 'oidc') {
    say('audience', 'takes tokens that the issuer made for anybody; name your own, or the clients that may ask');
  }
  if (Array.isArray(audience) && audience.includes('*')) {
    say('audience', 'has *, which is taken as it stands; `any` says that none is checked');
  }
  return found;
};
