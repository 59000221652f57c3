// A template of a requirement, with the captures of the rule's path filled in.

const nothing = Symbol('a template with a capture that the path did not give');

/**
 * A template with its `{captures}` filled in; a symbol, which equals nothing that a principal has, if one is missing.
 */
export const filledIn = (template: string, captures: ReadonlyMap<string, string>): string | typeof nothing => {
  if (!template.includes('{')) return template;
  let missing = false;
  const filled = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = captures.get(name);
    if (value === undefined) missing = true;
    return value ?? '';
  });
  return missing ? nothing : filled;
};
