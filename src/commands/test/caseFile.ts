// A file of cases for `postern test`: requests, who sends them, what is known, and what should become of them.
import {z} from 'zod';
import {pathText} from '../../config/findings.ts';
import {findingsOf, wording} from '../../config/issues.ts';
import {otherKind} from '../../config/otherKind.ts';
import {name, text, texts} from '../../config/values.ts';
import {readYaml} from '../../config/yamlFile.ts';
import {credential} from './credential.ts';

const claims = z.record(z.string(), z.unknown());

/** A principal as a provider would make it; what is absent is empty. */
const principal = z.strictObject({
  provider: name.describe('The provider that vouches for it, as configured.'),
  kind: z.enum(['user', 'service']).default('user'),
  subject: text,
  tenant: text.optional(),
  roles: z.array(text).default([]),
  permissions: z.array(text).default([]),
  scopes: z.array(text).default([]),
  claims: claims.default({}),
  email: text.optional(),
  statedEmail: text.optional(),
  permissionPatterns: z.literal(true).optional(),
  sessionId: text.optional(),
  tokenId: text.optional(),
  issuedAt: z.number().optional(),
  expiresAt: z.number().optional(),
  authTime: z.number().optional(),
  acr: text.optional(),
  amr: z.array(text).default([]),
});

const moment = z.iso
  .datetime({offset: true, error: 'is not a time: write 2027-01-31T12:00:00Z'})
  .transform((value) => Date.parse(value));

const headers = z.union([
  z.record(text, z.string()).transform((of) => Object.entries(of)),
  z.array(z.tuple([text, z.string()])),
]);

const outcomes = ['allow', 'deny', 'error'] as const;

const expected = z
  .strictObject({
    outcome: z.enum(outcomes).describe('`error`: an outage, on which the failure policy of Envoy applies.'),
    reason: text.optional().describe('Why it is refused; on a shadow rule, why it would be.'),
    rule: text.nullable().optional().describe('The rule that decides; null: none matches.'),
    status: z.int().optional().describe('The HTTP status of a refusal.'),
    identity: z
      .record(text, z.string().nullable())
      .optional()
      .describe('What the upstream is told, by header; null: nothing under this name.'),
    headers: z.record(text, z.string()).optional().describe('Parts of headers of a refusal, by header.'),
    body: z
      .record(text, z.unknown())
      .optional()
      .describe('Members of the problem that a refusal is told in, by name; null: there must be none.'),
    detail: z.string().optional().describe('Part of what was wanted and what came, as the decision log says it.'),
  })
  .describe('What should be decided. What is absent is not looked at.');

const testCase = z
  .strictObject({
    it: text.describe('What the case shows.'),
    method: text.default('GET'),
    path: z.string().default('/').describe('Path and query, as sent.'),
    host: z.string().default('localhost'),
    scheme: z.enum(['http', 'https']).default('https'),
    headers: headers.default([]).describe('By name, or as pairs; `{name}` becomes the token of that name.'),
    token: text.optional().describe('The name of a token below `tokens`, sent as a bearer.'),
    principal: text.optional().describe('The name of a principal below `principals`, taken as verified.'),
    credential: credential.optional(),
    rule: text.optional().describe('The rule that the route of Envoy names (context_extensions).'),
    at: moment.optional().describe('When it is asked. Default: that of the file, else now.'),
    expect: expected,
    via: texts.optional().describe('Read by the own tests of Postern alone.'),
  })
  .refine((value) => value.token === undefined || value.principal === undefined, {
    message: 'has both a token and a principal: take one of the two out',
  })
  .refine((value) => value.token === undefined || value.credential === undefined, {
    message: 'has both a token and what was found of one (credential): take one of the two out',
  })
  .refine((value) => value.principal === undefined || value.credential?.rejected === undefined, {
    message: 'has a principal whose credential is rejected: take one of the two out',
  });

const revocation = z.strictObject({
  tokenId: text.optional(),
  sessionId: text.optional(),
  subject: text.optional(),
  tenant: text.optional(),
  provider: text.optional(),
  before: z.union([z.string(), z.number()]).optional(),
});

const caseFile = z.strictObject({
  title: text.optional(),
  settings: z.record(z.string(), z.unknown()).optional().describe('The configuration, where none is given by -c.'),
  at: moment.optional(),
  entitlements: z.unknown().optional().describe('Instead of those that the configuration names.'),
  revocations: z.array(revocation).default([]),
  tokens: z
    .record(text, claims)
    .default({})
    .describe('Claims by name. `now-60`, `now+60`: that time. null: without the claim. `$header`, `$provider`: those.'),
  principals: z.record(text, principal).default({}),
  cases: z.array(testCase).min(1, 'is an empty list: without a case nothing is tested; add one'),
});

export type CaseFile = z.output<typeof caseFile>;
export type TestCase = CaseFile['cases'][number];
export type Expected = TestCase['expect'];

/** Cases that were made here, as they would be read. Throws where they are none: a bug. */
export const casesFrom = (value: unknown): CaseFile => caseFile.parse(value);

/** The file, or what is wrong with it, a line each: `cases.yaml:3:5: cases[0].expect: is required; add it`. */
export const readCaseFile = (
  content: string,
  file: string,
): {readonly cases: CaseFile; readonly lines: readonly number[]} | {readonly faults: readonly string[]} => {
  const yaml = readYaml(content);
  const line = (path: readonly (string | number)[], at: 'key' | 'value', message: string) => {
    const place = yaml.placeOf({path, at});
    return `${file}:${place.line}:${place.column}: ${path.length === 0 ? '' : `${pathText(path)}: `}${message}`;
  };
  if (yaml.value === undefined || yaml.faults.length > 0) {
    return {faults: yaml.faults.map(({line: at, column, message}) => `${file}:${at}:${column}: ${message}`)};
  }
  const other = otherKind(yaml.value, 'cases');
  if (other !== undefined) return {faults: [`${file}:1:1: ${other}`]};
  const read = caseFile.safeParse(yaml.value, {error: wording});
  if (!read.success) {
    const found = findingsOf(read.error.issues, yaml.value, () => 'is not known here');
    return {faults: found.map(({path, at, message}) => line(path, at, message))};
  }
  const faults = read.data.cases.flatMap((one, at) => {
    const missing: string[] = [];
    if (one.token !== undefined && !Object.hasOwn(read.data.tokens, one.token)) {
      missing.push(line(['cases', at, 'token'], 'value', `there is no token "${one.token}" under tokens`));
    }
    if (one.principal !== undefined && !Object.hasOwn(read.data.principals, one.principal)) {
      missing.push(
        line(['cases', at, 'principal'], 'value', `there is no principal "${one.principal}" under principals`),
      );
    }
    return missing;
  });
  if (faults.length > 0) return {faults};
  return {
    cases: read.data,
    lines: read.data.cases.map((_, at) => yaml.placeOf({path: ['cases', at], at: 'value'}).line),
  };
};
