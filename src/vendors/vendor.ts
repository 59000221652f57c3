// What a vendor is: its settings, what makes its provider and its entitlement source of them, and what is to be known of it.
import type {z} from 'zod';
import type {Aside} from '../core/aside.ts';
import type {MakeFetchingCache} from '../core/cache.ts';
import type {SourceTells} from '../core/entitlement/sourceTells.ts';
import type {RemoteCall} from '../core/remote.ts';
import type {Traits} from '../core/traits.ts';
import type {LookupSource, SnapshotSource} from '../entitlements/source.ts';
import type {KeysJob} from '../providers/keyFileReading.ts';
import type {ProviderParts} from '../providers/oidc.ts';
import type {Provider} from '../providers/provider.ts';
import type {VendorJob} from './jobs.ts';

export interface VendorParts extends ProviderParts {
  /** Caches of remote facts: memory, then Redis where there is one. */
  readonly makeCache: MakeFetchingCache;
  /** Reads large texts where they hold up no decisions. */
  readonly aside?: Aside<KeysJob>;
  /** What an operator should know; fields hold no secret. */
  readonly log: {
    info(fields: object, sentence: string): void;
    warn(fields: object, sentence: string): void;
  };
}

/** What an entitlement source is made of, besides its settings. */
export interface SourceParts {
  readonly call: RemoteCall;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: VendorParts['log'];
  /** Reads large replies where they hold up no decisions. */
  readonly aside: Aside<VendorJob>;
}

/** An object of settings with a literal `type`. */
type Schema = z.ZodType & z.core.$ZodTypeDiscriminable;

/** A source of entitlements: asked for all at once, or about one principal at a time. */
export type VendorSource<S extends Schema> = SourceWords & {readonly settings: S; readonly tells: SourceTells} & (
    | {readonly snapshot: (settings: z.output<S>, parts: SourceParts) => SnapshotSource}
    | {readonly lookup: (settings: z.output<S>, parts: SourceParts) => LookupSource}
  );

/** What \`postern entitlements\` says of a source. */
export interface SourceWords {
  /** Who gives a plan, and where: a sentence. */
  readonly given: string;
  /** Why \`check\` cannot ask a running process, and what to do instead. Absent: it can. */
  readonly notAsked?: string;
}

/** One type of provider: a vendor, or a standard. The settings' `type` is its name in the table. */
export interface Vendor<P extends Schema = Schema, S extends Schema = Schema> {
  readonly settings: P;
  readonly make: (settings: z.output<P>, parts: VendorParts) => Provider;
  /** For who reviews a configuration. */
  readonly traits: (settings: z.output<P>) => Traits;
  /** Under `entitlements.source`, of the same `type`. */
  readonly source?: VendorSource<S>;
  /** It answers `relation` requirements. */
  readonly relations?: true;
  /** Names of settings of the provider that are paths of files. */
  readonly files?: readonly string[];
  /** What its JWTs usually say, for who tries claims without its issuer. Absent: it takes none. */
  readonly token?: {
    readonly issuer: (settings: z.output<P>) => string;
    /** Default: the first of the setting `audience`. */
    readonly audience?: (settings: z.output<P>) => string | undefined;
    /** `typ` of the header. Default: that of the setting `tokenType`, else JWT. */
    readonly type?: string;
    /** Claims that its provider insists on. */
    readonly claims?: Readonly<Record<string, unknown>>;
  };
}

/** Of providers whose tokens name a tenant only if the settings say in which claim. */
export const tenantsByClaim = ({tenant}: {readonly tenant?: unknown}): Traits['tenants'] =>
  tenant === undefined ? 'none' : 'any';

/** Keeps the types of a vendor's own settings. */
export const vendor = <P extends Schema, S extends Schema = never>(of: Vendor<P, S>) => of;
