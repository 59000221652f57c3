// What seeing costs: the explorer's decisions, a line for each decision, a span for each call. What is off is not there.
import {json, startServer} from '../../test/remote/servers.ts';
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';

const lines = (which: string) => ({log: {decisions: which}});

export const watching: Case = {
  what: 'the explorer, the decision log and tracing, each turned on, beside all of them off',
  async measure(stage) {
    const collector = await startServer((_, response) => json(response, {}));
    stage.keep({stop: collector.close});
    const tracing = {OTEL_EXPORTER_OTLP_ENDPOINT: collector.url};
    const messages = await stage.checks(1_000);
    const {usual} = stage;
    const traced = (sampler: string) => stage.postern(usual, {env: {...tracing, OTEL_TRACES_SAMPLER: sampler}});
    return beside(stage, {
      'all off': {server: await stage.postern({...usual, ...lines('none')}), messages},
      'lines of what is denied (the default)': {server: await stage.postern(), messages},
      'the explorer': {server: await stage.postern({...usual, admin: {token: 'a-token-of-the-benchmark'}}), messages},
      'a line for each decision': {server: await stage.postern({...usual, ...lines('all')}), messages},
      'tracing, no call sampled': {server: await traced('always_off'), messages},
      'tracing, each call sampled': {server: await traced('always_on'), messages},
    });
  },
};
