// Who a credential proves.

/** Whom a verified credential stands for. Built by a provider only, from verified data only. */
export interface Principal {
  /** Name of the provider, as configured. */
  readonly provider: string;
  readonly kind: 'user' | 'service';
  readonly subject: string;
  readonly tenant?: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  /** `*` in a permission stands for any run of characters (core/entitlement/permissions.ts): set only for vendors that say so. */
  readonly permissionPatterns?: true;
  readonly scopes: readonly string[];
  /** All verified claims, as the issuer sent them. Never logged. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Only if the issuer vouches for it. */
  readonly email?: string;
  /** As the issuer wrote it, verified or not: only of vendors whose targeting goes by it, and for nothing else. */
  readonly statedEmail?: string;
  /** `sid`. */
  readonly sessionId?: string;
  /** `jti`. */
  readonly tokenId?: string;
  /** Seconds since the epoch, as in the token: `iat`, `exp`, `auth_time`. */
  readonly issuedAt?: number;
  readonly expiresAt?: number;
  readonly authTime?: number;
  readonly acr?: string;
  readonly amr: readonly string[];
  /** Only where the token has something that is not understood: what it is (`an object`), for the log. */
  readonly unread?: Readonly<Partial<Record<'tenant' | 'roles' | 'permissions' | 'scopes', string>>>;
}
