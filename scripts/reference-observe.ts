// Writes docs/reference/metrics.md and docs/reference/reasons.md from the tables in the code; with --check, says whether
// they are up to date instead (exit 1 if not).
import {readFileSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {type Reason, reasons, refusals} from '../src/core/refusals.ts';
import {durationBounds, metricTable} from '../src/observe/metricTable.ts';

const root = resolve(import.meta.dirname, '..');
const cell = (text: string) => text.replaceAll('|', '\\|');
const codes = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ');

/** The page on metrics, as Markdown. */
const metricsPage = (): string => `# Metrics

<!-- Made by scripts/reference-observe.ts from src/observe/metricTable.ts. -->

Served at \`/metrics\` on the admin address. Units are seconds. A label that is absent is \`none\`; one that the
configuration does not know (a decision that began before a reload) is \`other\`. Labels are names of the configuration
and words of tables, so their number is bounded by the configuration; nothing that a client sends becomes a label.
Series of rules and providers that a reload removed are dropped. For each rule, its allow series and a deny series exist
from the start at 0.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
${Object.entries(metricTable)
  .map(([name, {type, labels, meaning}]) => `| \`${name}\` | ${type} | ${codes(labels)} | ${cell(meaning)} |`)
  .join('\n')}

Histograms have the bounds ${durationBounds.map((bound) => `${bound}`).join(', ')} seconds. Besides these there are the
metrics of the process and of Node, \`process_*\` and \`nodejs_*\`: CPU, memory, open files, event loop lag, garbage
collection.

## What to ask

${Object.entries(metricTable)
  .map(([name, {query}]) => `\`${name}\`\n\n\`\`\`promql\n${query}\n\`\`\``)
  .join('\n\n')}
`;

/** Where an operator looks when a reason shows up more often than it should. */
const whereToLook: Readonly<Record<Reason, string>> = {
  no_credential: 'Whether the client signs in; whether the proxy passes the header or cookie on.',
  malformed_credential:
    'What the client sends: a cut token, a wrong scheme, an encoding too many, a token of more than 32,768 characters.',
  unsupported_credential:
    'The issuer of the token beside `providers`; the providers that the rule names; clients of another environment.',
  bad_signature: 'Forgery, or a token of another environment with the same issuer name.',
  unknown_key: "Whether the issuer's key set holds the key; `postern_keys_age_seconds`; a rotation under way.",
  token_expired: 'Whether clients refresh in time; the clocks of client, issuer and this machine.',
  token_not_yet_valid: "The issuer's clock; `clockTolerance`.",
  wrong_issuer: '`issuer` of the provider, to the letter, with or without the slash at the end.',
  wrong_audience: '`audience` of the provider; which service the client asked a token for.',
  wrong_client: '`clients` of the provider; which client the token was issued to (`detail` in the decision log).',
  wrong_token_type: 'Clients that send their id token; `tokenType` of the provider.',
  missing_claim: 'What the issuer puts into its tokens; `claims` of the provider.',
  session_invalid: 'Sign-outs; the session store of the vendor; its cookie name and domain.',
  inactive: 'Whether the key or token was withdrawn or disabled where it was issued; a wrong secret.',
  unknown_subject: 'Whether the account was deleted at the vendor, or the client uses another environment.',
  revoked: 'The revocations in force: who was signed out, when and by whom.',
  step_up_required: '`stepUp` of the rule; whether the client follows the challenge in WWW-Authenticate.',
  disabled: 'The state of the user or service user at the vendor, and of its organisation.',
  wrong_kind: '`kind` of the rule; whether a service calls what is for users.',
  wrong_tenant:
    '`tenant` of the rule; `claims.tenant`; `tenants` of the provider; probing of other tenants, if one subject does it often.',
  missing_tenant: '`claims.tenant` of the provider; whether the token was asked for a tenant (organization) at all.',
  missing_role: '`roles` of the rule; `claims.roles`; the roles that the subject has at the vendor.',
  missing_permission: '`permissions` of the rule; `claims.permissions`; what the subject has at the vendor.',
  missing_scope: '`scopes` of the rule; the scopes that the client asks for.',
  missing_feature: 'The plan of the tenant; `postern_entitlements_age_seconds`, if it was bought just now.',
  feature_expired: 'The end of the grant in the entitlements.',
  not_related: 'The relation at the vendor; `relation` of the rule.',
  condition_failed: '`when` of the rule; `detail` says whether it is false or cannot be worked out.',
  denied_by_rule: 'Which client still calls it.',
  no_rule: 'Whether a rule is missing, or its match is too narrow: the decision log has host, method and path.',
  ambiguous_host:
    'Attacks; a client that sends a name which is no host (`*`, `a|b`), or an odd port: see docs/requests.md.',
  ambiguous_path: 'Attacks, or a client that builds paths with `//`; `paths.allow` opens one ambiguity on purpose.',
  duplicate_credential: 'Attacks, or a proxy that adds a second header or cookie.',
  malformed_request: 'What reaches the proxy; attacks.',
  unavailable:
    '`postern_dependency_requests_total`, `postern_circuit_state`, `/readyz`: which dependency, since when; `dependency` and `detail` in the log line.',
  deadline: '`postern_dependency_duration_seconds`; the time-out of ext_authz in Envoy; CPU limits.',
  request_too_large:
    '`server.maxMessage`, and the log line that names the size: leave `with_request_body` out of the filter, or raise it.',
  overloaded: 'CPU, event loop lag, the number of instances.',
  internal: 'The log at level error, by the id of the decision: this is a bug, please report it.',
};

/** The page on reasons, as Markdown. */
const reasonsPage = (): string => `# Reasons

<!-- Made by scripts/reference-observe.ts from src/core/refusals.ts. -->

Why a request is refused. The word is in the body of the answer (\`code\`), in the dynamic metadata, in the decision log
and in \`postern_decisions_total{reason}\`. HTTP statuses can be changed within 4xx by \`responses.status\`; an *error* is
no denial: Postern could not decide, and Envoy's failure policy applies.

| reason | HTTP | gRPC | kind | \`error\` in WWW-Authenticate | what the client is told |
| --- | --- | --- | --- | --- | --- |
${reasons
  .map((reason) => {
    const {status, grpc, error, kind, sentence} = refusals[reason];
    return `| \`${reason}\` | ${status} | ${grpc} | ${kind} | ${error === undefined ? '' : `\`${error}\``} | ${cell(sentence)} |`;
  })
  .join('\n')}

gRPC codes are those of the gRPC specification; \`error\` is that of RFC 6750, section 3.1, and RFC 9470, section 3.

## What to look at

| reason | where to look |
| --- | --- |
${reasons.map((reason) => `| \`${reason}\` | ${cell(whereToLook[reason])} |`).join('\n')}
`;

/** Path below the repository -> the text that it must hold. */
export const referencePages = (): ReadonlyMap<string, string> =>
  new Map([
    ['docs/reference/metrics.md', metricsPage()],
    ['docs/reference/reasons.md', reasonsPage()],
  ]);

/** The pages that are not what the code says. */
export const outdatedPages = (): readonly string[] =>
  [...referencePages()].filter(([path, text]) => readOrEmpty(join(root, path)) !== text).map(([path]) => path);

const readOrEmpty = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const outdated = outdatedPages();
    for (const path of outdated) console.error(`${path} is out of date: run node scripts/reference-observe.ts`);
    process.exitCode = outdated.length === 0 ? 0 : 1;
  } else {
    for (const [path, text] of referencePages()) writeFileSync(join(root, path), text);
  }
}
