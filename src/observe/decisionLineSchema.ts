// The form of a decision as JSON: a line of the decision log, and what the admin pages show. docs/reference/decisions.md
// and its JSON Schema are made from this. Fields are added freely; one that goes, or means something else, is a new `v`.
import {z} from 'zod';

export const lineVersion = 1;

const text = z.string();
const texts = z.array(text);

/** The principal, without what proves it and without the values of claims that nobody reads. */
const who = z.looseObject({
  kind: z.enum(['user', 'service']),
  roles: texts.optional(),
  permissions: texts.optional(),
  permission_patterns: z.literal(true).optional().describe('`*` in a permission stands for any run of characters.'),
  scopes: texts.optional(),
  email: text.optional(),
  stated_email: text.optional().describe('As the issuer wrote it, verified or not.'),
  session_id: text.optional().describe('`sid`; on the admin port alone.'),
  token_id: text.optional().describe('`jti`; on the admin port alone.'),
  issued_at: z.number().optional().describe('`iat`, seconds since the epoch.'),
  expires_at: z.number().optional().describe('`exp`.'),
  auth_time: z.number().optional(),
  acr: text.optional(),
  amr: texts.optional(),
  claim_names: texts.optional().describe('Names alone: what they hold stays where it is.'),
  claim_values: z
    .record(text, z.unknown())
    .optional()
    .describe(
      'Of the claims that rules read (`attributes`, conditions), and `email_verified`; of all where a condition does not say which.',
    ),
});

const replay = z.looseObject({
  connection: z.literal(true).optional().describe('A check of a connection, without an HTTP request.'),
  scheme: text.optional(),
  authority: text.optional().describe('As sent, where it is not `host`.'),
  cut: z.literal(true).optional().describe('The path is not whole: the decision cannot be repeated.'),
  named_rule: text.optional().describe('The rule that the route of Envoy named.'),
  header_names: texts.optional().describe('In lower case, 100 at most.'),
  header_values: z
    .record(text, text)
    .optional()
    .describe('Of headers that a rule or Postern itself reads and that are no credentials.'),
  who: who.optional().describe('Whom the credential proved, besides `provider`, `subject` and `tenant`.'),
});

export const decisionLine = z.looseObject({
  v: z.literal(lineVersion).describe('The version of this form.'),
  time: text.describe('RFC 3339. In the log when it was written, on the admin port when it was asked.'),
  level: z
    .enum(['info', 'warn', 'error'])
    .optional()
    .describe('In the log: `info`, for an error `warn`, for a bug `error`.'),
  message: text.optional().describe('In the log: `decision`, or a sentence about a bug.'),
  decision: text.describe("Id of the decision, the same as in the answer and in Envoy's metadata."),
  outcome: z
    .enum(['allow', 'deny', 'answer', 'error', 'shadow_deny'])
    .describe(
      '`answer`: a preflight or the metadata of the resource; `error`: it could not be decided; `shadow_deny`: let through, though a shadow rule would have denied.',
    ),
  reason: text
    .optional()
    .describe('Why, a word of [reasons.md](reasons.md), or what was answered; absent on a plain allow.'),
  rule: text.optional().describe('The rule that decided; absent if none matched.'),
  provider: text.optional().describe('Who vouched for the credential, or refused it.'),
  subject: text.optional().describe('Whom the credential proved.'),
  tenant: text.optional().describe('The tenant of the subject.'),
  plan: text.optional().describe('The plan of the highest rank, where headers or metadata name what was bought.'),
  grace: z
    .literal(true)
    .optional()
    .describe('Something was held only because a grant that has ended holds on for a while.'),
  method: text.optional().describe('As sent.'),
  host: text.optional().describe('The authority, as the rules compare it.'),
  path: text
    .optional()
    .describe('Without query, fragment and parameters (`;…`); 512 characters at most, with `replay` 2048.'),
  request_id: text
    .optional()
    .describe('`x-request-id`, 128 characters at most. Clients may choose it unless Envoy sets it.'),
  trace_id: text.optional().describe('Of the `traceparent` header (W3C Trace Context).'),
  duration_ms: z.number().describe('Time from the parsed request to the decision, milliseconds.'),
  dependency: text.optional().describe('Of an outage: what did not answer, named as in the metrics.'),
  detail: text
    .optional()
    .describe(
      'Of an outage how; of other refusals what was wanted and what came, in words. Names of requirements, issuers, audiences, clients, keys and algorithms; addresses are masked, and nothing else of the credential stands there.',
    ),
  unmet: text
    .optional()
    .describe('The part of `require` that does not hold: `kind`, `tenant`, `roles`, `permissions`, `scopes` ...'),
  wanted: z
    .unknown()
    .optional()
    .describe('What it wanted, as the rule says it, with the captures of the path; times in milliseconds.'),
  got: z
    .unknown()
    .optional()
    .describe('What came instead. Of `kind`, `tenant` and `stepUp` alone: of others it would be a claim.'),
  shadow: z.literal(true).optional().describe('A shadow rule let through what it would have denied.'),
  place: text
    .optional()
    .describe('Where the credential stood, or was expected: `header:authorization:bearer`, `cookie:sid`.'),
  sample: z.number().optional().describe('The share of such decisions that are written, where it is not all of them.'),
  steps: z
    .record(text, z.number())
    .optional()
    .describe('With `steps`: milliseconds of `authenticate` and of each part of `require` that was tried.'),
  replay: replay
    .optional()
    .describe('With `replay`, and on the admin port: what it takes to decide it once more, without any credential.'),
  err: z.unknown().optional().describe('Of a bug: `type`, `message`, `stack`.'),
});

export type DecisionLine = z.output<typeof decisionLine>;
export type Replay = z.output<typeof replay>;
