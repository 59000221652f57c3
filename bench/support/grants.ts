// Many grants, as a file with a line each: tenants `t0`, `t1` and so on have a plan with the feature of the usual job.

export const tenant = (at: number): string => `t${at}`;

export const manyGrants = (count: number): string =>
  [
    {feature: 'orders', permissions: ['orders.read']},
    {plan: 'pro', features: ['orders']},
    ...Array.from({length: count}, (_, at) => ({grant: 'pro', tenant: tenant(at)})),
  ]
    .map((line) => JSON.stringify(line))
    .join('\n');
