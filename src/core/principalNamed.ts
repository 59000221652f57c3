// Whoever is asked about by name, where no credential says who it is.
import type {Principal} from './principal.ts';

export interface Named {
  /** Absent: of no tenant. */
  readonly tenant?: string | undefined;
  /** Absent: a service, to which grants of users do not count. */
  readonly user?: string | undefined;
  /** What it holds: that is in its token, and not known here. Absent: nothing. */
  readonly permissions?: readonly string[];
}

/** The principal that entitlements are asked for. `provider`: who says so, for no provider has verified it. */
export const principalNamed = ({tenant, user, permissions = []}: Named, provider: string): Principal => ({
  provider,
  kind: user === undefined ? 'service' : 'user',
  subject: user ?? '',
  ...(tenant !== undefined && {tenant}),
  roles: [],
  permissions,
  scopes: [],
  claims: {},
  amr: [],
});
