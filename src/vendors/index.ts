// Every type of provider, by the name that `type` has in the configuration: a line each. From here settings, types, paths of
// files, entitlement sources and the reference are joined.
import type {z} from 'zod';
import {type SourceTells, tellsAll} from '../core/entitlement/sourceTells.ts';
import type {Traits} from '../core/traits.ts';
import type {LookupSource, SnapshotSource} from '../entitlements/source.ts';
import type {Provider} from '../providers/provider.ts';
import {namedTenants, withTenants} from '../providers/tenants.ts';
import {authgear} from './authgear/vendor.ts';
import {cognito} from './cognito/vendor.ts';
import {frontegg} from './frontegg/vendor.ts';
import {frontier} from './frontier/vendor.ts';
import {kinde} from './kinde/vendor.ts';
import {apiKeys} from './standards/apiKeys.ts';
import {introspection} from './standards/introspection.ts';
import {oidc} from './standards/oidc.ts';
import type {SourceParts, SourceWords, Vendor, VendorParts} from './vendor.ts';

const vendors = {authgear, cognito, kinde, frontegg, frontier, oidc, introspection, apiKeys};

type Table = typeof vendors;
type ProviderSchema = Table[keyof Table]['settings'];
type SourceSchema = NonNullable<Table[keyof Table]['source']>['settings'];

/** Settings of a provider, as config/schema.ts has checked them. */
export type AnyProviderSettings = z.output<ProviderSchema>;
/** Settings of a vendor's entitlement source. */
export type AnySourceSettings = z.output<SourceSchema>;

/** Without the types of each one's settings: whoever makes something of settings has them from the same type. */
const all = Object.entries(vendors as unknown as Readonly<Record<string, Vendor>>);
const byType: ReadonlyMap<string, Vendor> = new Map(all);
const ofType = (type: string): Vendor => {
  const found = byType.get(type);
  if (found === undefined) throw new Error(`there is no type of provider "${type}"`);
  return found;
};

const sourceOf = (type: string) => {
  const {source} = ofType(type);
  if (source === undefined) throw new Error(`${type} has no entitlement source`);
  return source;
};

/** What each type of provider may say. */
export const providerSchemas = all.map(([, {settings}]) => settings) as unknown as readonly [
  ProviderSchema,
  ...ProviderSchema[],
];
/** What the vendors' entitlement sources may say, besides those of src/entitlements. */
export const sourceSchemas = all.flatMap(([, {source}]) =>
  source === undefined ? [] : [source.settings],
) as unknown as readonly SourceSchema[];
/** Settings of providers that are paths of files. */
export const providerFiles: readonly string[] = [...new Set(all.flatMap(([, {files = []}]) => files))];
/** The types of provider that answer `relation` requirements. */
export const relationTypes: readonly string[] = all.filter(([, {relations}]) => relations).map(([type]) => type);
/** The sources that are asked about one principal at a time. */
export const lookupTypes: readonly string[] = all
  .filter(([, {source}]) => source !== undefined && 'lookup' in source)
  .map(([type]) => type);

/** What `postern entitlements` says of a vendor's source. */
export const sourceWords = ({type}: AnySourceSettings): SourceWords => sourceOf(type);

/** What a type of entitlement source can know. */
export const sourceTells = (type: string): SourceTells =>
  all.find(([name]) => name === type)?.[1].source?.tells ?? tellsAll;

/** Makes a provider from its settings, which speaks for the tenants that they name; those that are granted are wiring's. */
export const makeProviderOf = (settings: AnyProviderSettings, parts: VendorParts): Provider =>
  withTenants(ofType(settings.type).make(settings, parts), namedTenants(settings.tenants));

/** Makes an entitlement source of a vendor from its settings. */
export const makeSourceOf = (settings: AnySourceSettings, parts: SourceParts): SnapshotSource | LookupSource => {
  const source = sourceOf(settings.type);
  return 'lookup' in source ? source.lookup(settings, parts) : source.snapshot(settings, parts);
};

/** What the settings of a provider say of it, for who reviews a configuration. */
export const traitsOf = (settings: AnyProviderSettings): Traits => ofType(settings.type).traits(settings);

/** What the JWTs of a provider usually say; undefined: it takes none. */
export const usualToken = (
  settings: AnyProviderSettings,
):
  | {
      readonly iss: string;
      readonly aud: string | undefined;
      readonly typ: string;
      readonly claims: Readonly<Record<string, unknown>>;
    }
  | undefined => {
  const {token} = ofType(settings.type);
  if (token === undefined) return undefined;
  const {audience, tokenType} = settings as {readonly audience?: unknown; readonly tokenType?: unknown};
  return {
    iss: token.issuer(settings),
    aud: token.audience?.(settings) ?? (Array.isArray(audience) ? audience[0] : undefined),
    typ: token.type ?? (typeof tokenType === 'string' ? tokenType : 'JWT'),
    claims: token.claims ?? {},
  };
};
