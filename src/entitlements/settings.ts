// The setting `entitlements`: where grants come from, and how old they may be.
import {z} from 'zod';
import {besideMistakes, certificates, duration, filePath, httpUrl, insecureUrls, secret} from '../config/values.ts';

const file = z.strictObject({
  type: z.literal('file'),
  path: filePath.describe(
    'File with features, plans, grants and flags, YAML or JSON. Read again within 2 s of a change.',
  ),
});

const http = z
  .strictObject({
    type: z.literal('http'),
    url: httpUrl.describe('Answers GET with the entitlements as JSON, with an ETag (docs/entitlements.md).'),
    token: secret.describe('Sent as Authorization: Bearer.').optional(),
    timeout: duration.describe('What one fetch may take.').prefault('10s'),
    maxBytes: z
      .int()
      .min(1_024)
      .max(1_073_741_824)
      .describe('Largest answer that is read, in bytes.')
      .prefault(268_435_456),
    ...certificates,
    insecure: z.boolean().describe('Allows http: to another machine.').prefault(false),
  })
  .superRefine(insecureUrls('url'), besideMistakes);

const redis = z.strictObject({
  type: z.literal('redis').describe('The Redis of the setting `redis`, filled by `postern entitlements load`.'),
});

/** The sources of this folder. Vendors declare theirs in their own settings.ts, each an object with a literal `type`. */
export const entitlementSources = [file, http, redis] as const;

const cache = z
  .strictObject({
    fresh: duration
      .pipe(z.number().min(100, 'must be at least 100ms'))
      .describe('How long entitlements count as they are; then they are fetched again while the old ones still serve.')
      .prefault('30s'),
    stale: duration
      .describe('How old they may get while the source is out of reach; past it, the answer is unavailable.')
      .prefault('10m'),
    negative: duration
      .describe(
        'For sources asked per principal: how long "has nothing" counts as it is, so that a purchase shows soon.',
      )
      .prefault('5s'),
  })
  // One that could not be read is told as such.
  .refine((value) => !(value.stale < value.fresh), {
    path: ['stale'],
    message: 'is shorter than fresh: entitlements would be unavailable before they are fetched again',
  });

/** Builds the setting `entitlements` from all sources there are: those of this folder and the vendors'. */
export const makeEntitlementsSettings = <const Sources extends readonly z.core.$ZodTypeDiscriminable[]>(
  vendorSources: Sources,
) =>
  z.strictObject({
    source: z
      .discriminatedUnion('type', [...entitlementSources, ...vendorSources] as [
        ...typeof entitlementSources,
        ...Sources,
      ])
      .describe('Where grants come from.'),
    deployment: z
      .string()
      .min(1, 'is empty')
      .max(256)
      .describe(
        'Names this deployment where several share a Redis: what is kept there of a file is found by its instances only. Default: told by the names of its rules and providers.',
      )
      .optional(),
    cache: cache.describe('How old entitlements may be.').prefault({}),
  });

/** The setting `entitlements` with the sources of this folder alone. */
export const entitlementsSettings = makeEntitlementsSettings([]);

/** The setting `entitlements`, checked. Times in milliseconds. */
export type EntitlementsSettings = z.output<typeof entitlementsSettings>;

export type FileSourceSettings = z.output<typeof file>;
export type HttpSourceSettings = z.output<typeof http>;

/** How old entitlements may be, milliseconds. */
export type EntitlementCacheSettings = z.output<typeof cache>;
