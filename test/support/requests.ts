// Makers of core values for tests: a request, a principal, a provider that vouches for fixed secrets.
import type {Place} from '../../src/core/credential/credential.ts';
import type {CheckContext} from '../../src/core/decision.ts';
import type {Principal} from '../../src/core/principal.ts';
import type {Request} from '../../src/core/request/request.ts';
import type {Authentication, Provider} from '../../src/providers/provider.ts';

/** A GET of `target`; headers as an object. */
export const request = (
  target: string,
  {headers = {}, ...rest}: Partial<Omit<Request, 'headers'>> & {headers?: Record<string, string>} = {},
): Request => ({
  kind: 'http',
  id: '1',
  method: 'GET',
  scheme: 'https',
  host: 'api.acme.example',
  target,
  headers: new Map(Object.entries(headers)),
  source: {address: '127.0.0.1', principal: ''},
  ...rest,
});

export const principal = (fields: Partial<Principal> = {}): Principal => ({
  provider: 'acme',
  kind: 'user',
  subject: 'u1',
  tenant: 't1',
  roles: [],
  permissions: [],
  scopes: [],
  claims: {},
  amr: [],
  ...fields,
});

export const context = (now = 1_700_000_000_000): CheckContext => ({id: 'd1', now, deadline: Number.POSITIVE_INFINITY});

/** A place that reads one whole header. */
export const plainPlace = (name: string): Place => ({
  label: `header:${name}`,
  kind: 'header',
  name,
  find: ({headers}) => {
    const value = headers.get(name);
    return value === undefined ? {held: 'nothing'} : {held: 'value', value};
  },
});

/** Vouches for the secrets of a table; accepts those with its prefix. */
export const tableProvider = (
  name: string,
  place: Place,
  table: ReadonlyMap<string, Authentication | Error>,
  prefix = '',
): Provider & {asked: string[]} => {
  const asked: string[] = [];
  return {
    name,
    asked,
    places: [place],
    accepts: (credential) => (credential.value.startsWith(prefix) ? credential : undefined),
    authenticate: async ({value}) => {
      asked.push(value);
      const known = table.get(value) ?? {rejected: 'bad_signature'};
      if (known instanceof Error) throw known;
      return known;
    },
    health: () => [],
  };
};
