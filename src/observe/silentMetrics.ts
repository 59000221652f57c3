// Metrics that count nothing: for parts that decide nothing of what is answered.
import type {Metrics} from './metrics.ts';

const nothing = (): void => {};

export const silentMetrics: Metrics = {
  decided: nothing,
  bought: nothing,
  authenticated: nothing,
  cache: {request: nothing},
  remote: {called: nothing, circuit: nothing},
  decisionsDropped: nothing,
  limited: nothing,
  state: {read: nothing, wrote: nothing},
  reloaded: nothing,
  shadowed: nothing,
  differed: nothing,
  configured: nothing,
  configuring: function* () {},
  gauge: () => nothing,
  read: () => [],
  exposition: async () => ({type: 'text/plain', text: ''}),
};
