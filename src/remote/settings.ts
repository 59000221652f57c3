// The setting `remote`: how other services are reached.
import {z} from 'zod';
import {filePath} from '../config/values.ts';
import {networkIn} from './proxied.ts';

const proxyUrl = z
  .string()
  .refine((value) => {
    const url = URL.parse(value);
    return (
      url !== null &&
      (url.protocol === 'http:' || url.protocol === 'https:') &&
      url.pathname === '/' &&
      url.search === '' &&
      url.hash === ''
    );
  }, 'is not the URL of a proxy: write http://host:3128, or http://user:password@host:3128')
  .meta({title: 'URL', writeOnly: true});

export const remoteSettings = z
  .strictObject({
    proxy: proxyUrl
      .describe(
        'Forward proxy for calls to issuers, vendors and sources: http://host:3128, perhaps with user:password@. https: goes through it by CONNECT, http: by the whole URL. Redis is never reached through it. HTTPS_PROXY and the like are not looked at.',
      )
      .optional(),
    noProxy: z
      .array(
        z
          .string()
          .regex(
            /^(\*?\.?[A-Za-z0-9_-][A-Za-z0-9._-]*|\[?[0-9a-fA-F.:]+\]?(\/\d{1,3})?)$/,
            'is neither a host name nor an address or network: write it without scheme and port',
          )
          .refine((text) => !/[:/]/.test(text) || networkIn(text) !== undefined, {
            message: 'is no address or network: write 10.1.2.3, fd00::1, 10.0.0.0/8 or fd00::/8, without a port',
          }),
      )
      .describe(
        'What is reached without it: host names (`id.acme.example`), whole domains (`.acme.example`), addresses (`10.1.2.3`, `fd00::1`) and networks (`10.0.0.0/8`, `fd00::/8`), which are compared with addresses in URLs: names are not looked up for it.',
      )
      .prefault([]),
    ca: filePath
      .describe(
        'PEM file with authorities that all calls trust besides the public ones and those of NODE_EXTRA_CA_CERTS. Read again within 5 s of a change. For one provider or source: its own `ca`.',
      )
      .optional(),
  })
  .prefault({})
  .describe('How other services are reached.');

export type RemoteSettings = z.output<typeof remoteSettings>;
