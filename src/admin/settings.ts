// The setting `admin`: where metrics and health are served, and what guards the rest.
import {z} from 'zod';
import {listenAddress, secret} from '../config/values.ts';

export const adminSettings = z
  .strictObject({
    listen: listenAddress
      .prefault('127.0.0.1:9190')
      .describe('Where /metrics, /livez and /readyz are served: host:port, or unix:///path/to.sock.'),
    token: secret
      .optional()
      .describe(
        'What callers of guarded pages must send as `Authorization: Bearer`. Without it those pages are closed; /metrics, /livez and /readyz never ask for it.',
      ),
  })
  .prefault({})
  .describe('The HTTP side for operators.');

export type AdminSettings = z.output<typeof adminSettings>;
