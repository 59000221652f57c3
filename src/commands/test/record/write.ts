// Cases as a file that people read and change: YAML, a case a line.
import type {Recorded, RecordedCase} from './caseOf.ts';

export interface RecordedFile {
  readonly title: string;
  readonly entitlements: object | undefined;
  readonly principals: Readonly<Record<string, object>>;
  readonly cases: readonly (RecordedCase & {readonly principal?: string})[];
}

/** Equal principals become one; equal cases one that says how often. */
export const fileOf = (
  recorded: readonly Recorded[],
  title: string,
  entitlements: object | undefined,
): RecordedFile => {
  const names = new Map<string, string>();
  const principals: Record<string, object> = {};
  const nameOf = (principal: object): string => {
    const key = JSON.stringify(principal);
    const known = names.get(key);
    if (known !== undefined) return known;
    const name = freeName((principal as {subject: string}).subject, principals);
    names.set(key, name);
    principals[name] = JSON.parse(key) as object;
    return name;
  };
  const cases = new Map<string, {one: RecordedCase & {principal?: string}; times: number}>();
  for (const {one, principal} of recorded) {
    const whole = principal === undefined ? one : {...one, principal: nameOf(principal)};
    const {at: _, ...asked} = whole;
    const key = JSON.stringify(asked);
    const known = cases.get(key);
    if (known === undefined) cases.set(key, {one: whole, times: 1});
    else known.times += 1;
  }
  return {
    title,
    entitlements,
    principals,
    cases: [...cases.values()].map(({one, times}) => (times === 1 ? one : {...one, it: `${one.it}, ${times} times`})),
  };
};

/** A name that says who it is, in letters that need no quotes. */
const freeName = (subject: string, taken: Readonly<Record<string, object>>): string => {
  const name =
    subject
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .slice(0, 40)
      .replace(/^-+|-+$/g, '') || 'somebody';
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!Object.hasOwn(taken, free)) return free;
  }
};

/** JSON is YAML; the braces of each entry stay on its line, so that two recordings can be compared line by line. */
export const textOf = ({title, entitlements, principals, cases}: RecordedFile): string =>
  [
    `title: ${JSON.stringify(title)}`,
    ...(entitlements === undefined ? [] : ['entitlements:', ...linesOf(entitlements as Record<string, object>)]),
    ...(Object.keys(principals).length === 0 ? [] : ['principals:', ...linesOf(principals)]),
    'cases:',
    ...cases.map((one) => `  - ${JSON.stringify(one)}`),
    '',
  ].join('\n');

const linesOf = (entries: Readonly<Record<string, object>>): readonly string[] =>
  Object.entries(entries).flatMap(([name, value]) =>
    Array.isArray(value) && value.length > 0
      ? [`  ${JSON.stringify(name)}:`, ...value.map((one) => `    - ${JSON.stringify(one)}`)]
      : [`  ${JSON.stringify(name)}: ${JSON.stringify(value)}`],
  );
