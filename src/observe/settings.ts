// The setting `log`: how much is said, and about which decisions.
import {z} from 'zod';

/** Which decisions get a line of their own. */
const which = z.enum(['all', 'denied', 'none']);

const share = z.number('is not a number from 0 to 1').min(0, 'is below 0').max(1, 'is above 1: 0.1 is one in ten');

const decisions = z.strictObject({
  which: which.prefault('denied').describe('As `log.decisions` itself says it in one word.'),
  sample: share
    .prefault(1)
    .describe('The share of the allowed decisions that get a line, from 0 to 1. Which ones, their id decides.'),
  sampleDenied: share
    .prefault(1)
    .describe('The same for what is denied, or would be by a shadow rule. Errors always get one.'),
  to: z
    .string()
    .regex(/^(stdout|unix:(\/\/)?\/.{1,100})$/, 'is neither stdout nor a Unix socket: write unix:///run/decisions.sock')
    .prefault('stdout')
    .describe(
      'Where they go: `stdout`, or a Unix stream socket that somebody else listens on, `unix:///path`. It is connected to again and again; nothing waits for it, and what finds no place in 8 MiB is dropped and counted (`postern_decision_log_dropped_total`).',
    ),
  replay: z
    .boolean()
    .prefault(false)
    .describe(
      'Lines also hold what it takes to decide once more (`postern test --record`): roles, permissions, scopes, email, times of the token, names of claims, values of claims and headers that rules read. These are personal data in the log.',
    ),
  steps: z
    .boolean()
    .prefault(false)
    .describe('Lines also hold the milliseconds of each step. It costs some microseconds a decision.'),
});

export const logSettings = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('The least severe lines that are written; `silent` writes none.'),
    decisions: z
      .union([which, decisions])
      .default('denied')
      .describe(
        'Which decisions get a line: `all`; `denied`, which is denials, errors, and what a shadow rule would have denied; or `none`. Never holds a credential, a cookie, a query or a claim other than subject and tenant, unless `replay` says so. More is said as an object.',
      ),
  })
  .prefault({})
  .describe('Log lines: JSON on standard output.');

export type LogSettings = z.output<typeof logSettings>;
export type DecisionLogSettings = z.output<typeof decisions>;

/** One word says which; the rest is as usual. */
export const decisionSettingsOf = (said: LogSettings['decisions']): DecisionLogSettings =>
  typeof said === 'string' ? decisions.parse({which: said}) : said;
