// The settings of `type: apiKeys`.
import {z} from 'zod';
import {filePath} from '../config/values.ts';
import {credentials} from './placeSettings.ts';
import {shared} from './settings.ts';

/** `type: apiKeys`: keys of your own, in a file. */
export const apiKeysSettings = z.strictObject({
  type: z.literal('apiKeys').describe('API keys from a file of hashes (`postern keys new` makes one).'),
  ...shared,
  credentials: credentials
    .unwrap()
    .default([{header: 'x-api-key'}, {header: 'authorization', scheme: 'Basic'}])
    .describe('Where a key may stand. Basic: its id as user name, its secret as password.'),
  file: filePath.describe('The file of hashes, YAML. A change counts within 2 s; a broken one changes nothing.'),
});
export type ApiKeysSettings = z.output<typeof apiKeysSettings>;
