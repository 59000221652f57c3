// The setting `state`: the last good things on disk.
import {z} from 'zod';
import {duration, filePath, sealKeys, size} from '../config/values.ts';

/** `state`. Absent: nothing is kept on disk. */
export const stateSettings = z.strictObject({
  dir: filePath
    .meta({title: 'folder'})
    .describe(
      'Folder for them, on a volume that outlives the process. Of this installation alone; it is made if it is missing.',
    ),
  sealKey: sealKeys
    .describe(
      'Secret under which all that is written carries an HMAC-SHA256: ${file:/keys/state} or ${NAME}. Not in that folder: whoever could write there could then grant anything. A list while it is changed: the first seals, each opens. Default: that of `redis`; with neither, damage still shows, and whoever can write there can forge.',
    )
    .optional(),
  stale: duration
    .describe(
      'How old signing keys from there may be, at the start and while their issuer stays out of reach. Entitlements go by entitlements.cache.stale, revocations by their own ends.',
    )
    .prefault('24h'),
  maxBytes: size.describe('Largest file that is written or read, such as 256MiB.').prefault('256MiB'),
});

/** The setting `state`, checked. Times in milliseconds. */
export type StateSettings = z.output<typeof stateSettings>;
