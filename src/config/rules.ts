// The settings `rules` and `paths`: checked here, in the shapes of core/rule/rules.ts and core/request/path.ts afterwards.
import {z} from 'zod';
import {isReserved, reservedDetail} from '../core/entitlement/attributes.ts';
import type {PathOptions} from '../core/request/path.ts';
import type {Access, ListRequirement, Rule} from '../core/rule/rules.ts';
import {hostFault, pathFault, ruleHost} from './rulePatterns.ts';
import {duration, name, text, texts} from './values.ts';

/** Adds what `fault` finds wrong with a value as an issue. */
const without =
  (fault: (value: string) => string | undefined) =>
  (value: string, context: z.RefinementCtx): void => {
    const message = fault(value);
    if (message !== undefined) context.addIssue({code: 'custom', message});
  };

const path = text
  .superRefine(without(pathFault))
  .transform((pattern) => (pattern === '/' ? pattern : pattern.replace(/\/$/, '')))
  .describe(
    'Path, decoded and without query: `*` is one segment, `**` at the end the rest, `{name}` captures a segment.',
  );

const host = text
  .transform(ruleHost)
  .superRefine(without(hostFault))
  .describe('Host without port: exact, or `*.suffix` for all below.');

const method = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, 'is not an HTTP method: write GET, POST and so on');

const list = <Item extends z.ZodType>(item: Item) =>
  z.array(item).min(1, 'is an empty list: name at least one, or leave the setting out');

const match = z
  .strictObject({
    connection: z
      .literal('tcp')
      .describe('For checks that carry no HTTP request; no other part may be given.')
      .exactOptional(),
    hosts: list(host).describe('Hosts without port, each exact or `*.suffix`. Default: any.').exactOptional(),
    methods: list(method).describe('HTTP methods, compared as sent. Default: any.').exactOptional(),
    path: path.exactOptional(),
  })
  .superRefine((value, context) => {
    if (value.connection === undefined) return;
    for (const key of ['hosts', 'methods', 'path'] as const) {
      if (value[key] === undefined) continue;
      const message = 'cannot go with connection: tcp, where there is no HTTP request; take one of the two out';
      context.addIssue({code: 'custom', path: [key], message});
    }
  });

const listRequirement = z
  .union([
    texts,
    z
      .strictObject({
        any: texts.describe('At least one of these.').exactOptional(),
        all: texts.describe('Every one of these.').exactOptional(),
      })
      .refine((value) => value.any !== undefined || value.all !== undefined, {
        message: 'is empty: write [a, b], {all: [...]} or {any: [...], all: [...]}',
      }),
  ])
  .transform((value): ListRequirement => (Array.isArray(value) ? {any: value} : value));

const listOf = (what: string) =>
  listRequirement
    .describe(`${what}: \`[a, b]\` any of them, \`{all: [...]}\` every one, or \`{any, all}\`.`)
    .exactOptional();

const stepUp = z
  .strictObject({
    maxAge: duration.describe('How long ago the sign-in (auth_time) may be.').exactOptional(),
    acr: texts.describe('Authentication context (acr): one of these.').exactOptional(),
    amr: list(texts).describe('Authentication methods (amr): one of each inner list.').exactOptional(),
  })
  .refine((value) => Object.keys(value).length > 0, {
    message: 'is empty: give maxAge, acr or amr, or take it out',
  });

const relation = z.strictObject({
  provider: name.describe('The provider that knows the relation.'),
  permission: text.describe('What the principal wants to do.'),
  resource: text.describe('To what; may hold `{capture}`: `app/project:{project}`.'),
});

const requirement = z.strictObject({
  providers: list(name).describe('Only these providers are asked.').exactOptional(),
  kind: z.enum(['user', 'service']).describe('A person, or a program acting for itself.').exactOptional(),
  tenant: text.describe("The principal's tenant; may hold `{capture}` of the path.").exactOptional(),
  roles: listOf('Roles'),
  permissions: listOf('Permissions'),
  scopes: listOf('Scopes'),
  stepUp: stepUp.describe('A strong or recent sign-in (RFC 9470).').exactOptional(),
  features: listOf('Features that must be bought'),
  entitledPermissions: listOf('Permissions that must be held and whose feature is live'),
  relation: relation.describe('A relation between principal and resource.').exactOptional(),
  when: text
    .describe(
      'A condition in CEL over `request`, `principal`, `claims`, `value` and `now`, which must be true: see docs/guides/conditions.md.',
    )
    .exactOptional(),
});

const attributeType = z
  .enum(['text', 'number', 'boolean'])
  .describe('How it is read. Default: text. What is not of this type is no attribute.')
  .exactOptional();

const attributeSource = z.union(
  [
    z.strictObject({
      header: z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'is not a header name')
        .transform((header) => header.toLowerCase())
        .describe('A header of the request. Unverified: a client may send what it likes.'),
      type: attributeType,
    }),
    z.strictObject({capture: text.describe('A capture of match.path. Unverified, too.'), type: attributeType}),
    z.strictObject({claim: text.describe('A claim of the principal, which its provider has verified.')}),
  ],
  {error: 'is not an attribute: write {header: x-country}, {capture: org} or {claim: plan}'},
);

const attributes = z
  .record(
    text.refine((attribute) => !isReserved(attribute), `is reserved: ${reservedDetail}`),
    attributeSource,
  )
  .describe(
    'What targeting rules of plans and flags may look at, by name, besides the principal and the captures of match.path.',
  );

/** Of these each rule has exactly one; crossChecks.ts sees to it. */
export const accessKeys = ['public', 'deny', 'require'] as const;

const ruleInput = z.strictObject({
  name: name.describe('Unique; appears in metrics, logs and decisions.'),
  match: match.describe('What the rule is for; a part that is absent matches anything, `{}` every HTTP request.'),
  public: z
    .literal([true, 'identify', 'lenient'])
    .describe(
      'true: open to everyone. identify: open, but a credential that is sent is checked. lenient: a good one identifies, anything else is nobody and does not reach the upstream.',
    )
    .exactOptional(),
  deny: z.literal(true).describe('true: closed to everyone.').exactOptional(),
  require: requirement.describe('All parts must hold; `{}` is any verified principal.').exactOptional(),
  attributes: attributes.exactOptional(),
  limits: list(text)
    .describe(
      'Features with a limit: each goes along in dynamic metadata, as Envoy reads limits there (docs/guides/rate-limits.md). Who has none of one is refused.',
    )
    .exactOptional(),
  shadow: z.boolean().describe('true: decide and record, but let through.').default(false),
});

const accessOf = (input: z.output<typeof ruleInput>): Access => {
  if (input.public === 'identify' || input.public === 'lenient') return {access: input.public, require: {}};
  if (input.public === true) return {access: 'public'};
  if (input.require !== undefined) return {access: 'require', require: input.require};
  return {access: 'deny'};
};

const rule = ruleInput.meta({oneOf: accessKeys.map((key) => ({required: [key]}))}).transform(
  (input): Rule => ({
    name: input.name,
    match: input.match,
    access: accessOf(input),
    shadow: input.shadow,
    ...(input.attributes && {attributes: input.attributes}),
    ...(input.limits && {limits: [...new Set(input.limits)]}),
  }),
);

/** The setting `rules`, in order: the first match wins. Names and captures are checked by crossChecks.ts. */
export const rulesSettings = z
  .array(rule)
  .min(1, 'is an empty list: without a rule everything is refused; add one')
  .describe('Who may do what. The first rule that matches decides; no match is refused (no_rule).');

/** The setting `paths`. */
export const pathsSettings = z
  .strictObject({
    caseSensitive: z.boolean().describe('false: for upstreams that read /Admin as /admin.').default(true),
    allow: z
      .array(z.enum(['semicolon', 'encodedSlash', 'emptySegment', 'doubleEncoding']))
      .describe(
        'Ambiguities that are opened on purpose; each reading of the path must lead to the same rule. Default: none.',
      )
      .default([]),
  })
  .transform((value): PathOptions => ({caseSensitive: value.caseSensitive, allow: new Set(value.allow)}))
  .prefault({})
  .describe('How paths are read.');
