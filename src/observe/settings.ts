// The setting `log`: how much is said, and about which decisions.
import {z} from 'zod';

/** Which decisions get a line of their own. */
const decisions = z.enum(['all', 'denied', 'none']);

export const logSettings = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('The least severe lines that are written; `silent` writes none.'),
    decisions: decisions
      .default('denied')
      .describe(
        'Which decisions get a line: `all`; `denied`, which is denials, errors, and what a shadow rule would have denied; or `none`. Never holds a credential, a cookie, a query or a claim other than subject and tenant.',
      ),
  })
  .prefault({})
  .describe('Log lines: JSON on standard output.');

export type LogSettings = z.output<typeof logSettings>;
