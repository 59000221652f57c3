// The rules as the configuration states them, once checked. (Finding one is in ruleTable.ts.)

/** A list in a requirement: at least one of `any` (if given), and every one of `all` (if given). Neither is empty. */
export interface ListRequirement {
  readonly any?: readonly string[];
  readonly all?: readonly string[];
}

/** Step-up, RFC 9470. `maxAge` in milliseconds; `amr`: one of each inner list. */
export interface StepUp {
  readonly maxAge?: number;
  readonly acr?: readonly string[];
  readonly amr?: readonly (readonly string[])[];
}

/** All parts must hold; none at all means any verified principal. `tenant` and `relation.resource` may hold `{capture}`. */
export interface Requirement {
  readonly providers?: readonly string[];
  readonly kind?: 'user' | 'service';
  readonly tenant?: string;
  readonly roles?: ListRequirement;
  readonly permissions?: ListRequirement;
  readonly scopes?: ListRequirement;
  readonly stepUp?: StepUp;
  readonly features?: ListRequirement;
  readonly entitledPermissions?: ListRequirement;
  readonly relation?: {readonly provider: string; readonly permission: string; readonly resource: string};
  /** A condition, as its text. */
  readonly when?: string;
}

/** What a rule is for. A part that is absent matches anything of its connection. */
export interface Match {
  /** `tcp`: checks that carry no HTTP request; no other part may then be given. */
  readonly connection?: 'tcp';
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  readonly path?: string;
}

export type Access =
  | {readonly access: 'public'}
  /** Public, but a credential that is sent must be good, and then tells the upstream who it is. */
  | {readonly access: 'identify'; readonly require: Requirement}
  /** Public; a good credential tells the upstream who it is, anything else is nobody and does not get there. */
  | {readonly access: 'lenient'; readonly require: Requirement}
  | {readonly access: 'deny'}
  | {readonly access: 'require'; readonly require: Requirement};

/** Where an attribute for targeting rules comes from. A header is what the client sent: unverified. */
export type AttributeSource = ({readonly header: string} | {readonly capture: string} | {readonly claim: string}) & {
  readonly type?: 'text' | 'number' | 'boolean';
};

export interface Rule {
  readonly name: string;
  readonly match: Match;
  readonly access: Access;
  /** What targeting rules may look at besides the principal and the captures of the path, by name. */
  readonly attributes?: Readonly<Record<string, AttributeSource>>;
  /** Features whose limits go along with the request, for whoever counts. Only where a principal is required. */
  readonly limits?: readonly string[];
  /** Decide and record, but let through. */
  readonly shadow: boolean;
}
