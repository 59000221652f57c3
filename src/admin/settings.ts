// The setting `admin`: where metrics and health are served, and what guards the rest.
import {z} from 'zod';
import {bearerTokens, defaultListen, listenAddress} from '../config/values.ts';

export const adminSettings = z
  .strictObject({
    listen: listenAddress
      .prefault(defaultListen.admin)
      .describe('Where /metrics, /livez and /readyz are served: host:port, or unix:///path/to.sock.'),
    token: bearerTokens
      .optional()
      .describe(
        'What callers of guarded pages must send as `Authorization: Bearer`. A list while it is changed: each counts, and commands send the first. Without it those pages are closed; /metrics, /livez and /readyz never ask for it.',
      ),
    decisions: z
      .int('is not a whole number')
      .min(0, 'is below 0: 0 keeps none')
      .max(100_000, 'is above 100000: the decision log is for that many')
      .prefault(1_000)
      .describe(
        'How many of the last decisions are kept in memory (at most 16 MiB) for /decisions and `postern explain --decision`, without credentials, cookies and queries. 0 keeps none; without `token` none is kept, for nobody could ask.',
      ),
    hosts: z
      .array(z.string().regex(/^[a-zA-Z0-9._-]{1,253}$/, 'is not a host name: write it without scheme and port'))
      .prefault([])
      .describe(
        'Names by which callers may ask for /metrics and the like, besides addresses, localhost, names without a dot and those of a cluster (.svc, .cluster.local). Others are refused, for a web page may have its own name lead here (DNS rebinding).',
      ),
  })
  .prefault({})
  .describe('The HTTP side for operators.');

export type AdminSettings = z.output<typeof adminSettings>;
