// Many rules.

/** As APIs have them: methods in common, paths that differ late; each asks what the usual job asks. */
export const manyRules = (count: number) =>
  Array.from({length: count}, (_, at) => ({
    name: `rule-${at}`,
    match: {methods: ['GET', 'HEAD'], path: `/orgs/{org}/a${at}/**`},
    require: {tenant: '{org}', permissions: ['orders.read'], features: ['orders']},
  }));
