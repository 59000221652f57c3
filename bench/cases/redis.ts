// Redis for revocations and replies of an issuer: there, and hanging with the circuit breaker open.
import {setTimeout as sleep} from 'node:timers/promises';
import {startIntrospectionIssuer} from '../../test/providers/introspectionIssuer.ts';
import {startRedis} from '../../test/support/redis.ts';
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';
import {acquaint, callOnce, serial} from '../support/inTurn.ts';
import {introspectionAt, opaqueFiles, opaqueJob, opaquePath} from '../support/opaque.ts';
import type {PosternServer, Stage} from '../support/stage.ts';
import {bearer} from '../support/workload.ts';

const circuit = 'postern_circuit_state{dependency="redis"}';
const count = 1_000;
/** Tokens that nobody has seen make Postern look into Redis, until its breaker has had enough. */
const most = 200;

const openBreaker = async (stage: Stage, server: PosternServer, messages: string): Promise<void> => {
  for (let first = 0; ((await server.postern.metric(circuit)) ?? 0) === 0; first += 5) {
    if (first >= most) throw new Error('the circuit breaker does not open');
    await callOnce(stage, {server, messages, load: {...serial, calls: 5, milliseconds: 10_000}}, first);
    await sleep(20);
  }
};

export const redis: Case = {
  what: 'Redis there, and Redis hanging with the breaker open, beside no Redis; 1,000 tokens of introspection in use',
  async measure(stage) {
    const issuer = stage.keep(await startIntrospectionIssuer());
    const asked = async (name: string, many: number) => {
      const tokens = await Promise.all(Array.from({length: many}, (_, at) => issuer.mint('user', `${name}-${at}`)));
      return stage.checks(tokens.map((token) => ({path: opaquePath, headers: bearer(token)})));
    };
    const [messages, strangers] = [await asked('known', count), await asked('stranger', most)];
    const job = {...opaqueJob, providers: [introspectionAt(issuer.endpoint)]};
    const withRedis = async () => {
      const redis = stage.keep(await startRedis());
      const settings = {
        ...job,
        redis: {url: redis.url, sealKey: 'a key for the benchmark'},
        revocation: {lostAfter: '10m'},
      };
      return {redis, server: await stage.postern(settings, {files: opaqueFiles})};
    };
    const [there, gone] = [await withRedis(), await withRedis()];
    const without = await stage.postern(job, {files: opaqueFiles});
    // What is in use when Redis goes is in memory.
    for (const server of [there.server, gone.server, without]) await acquaint(stage, {server, messages}, count);
    gone.redis.pause();
    await openBreaker(stage, gone.server, strangers);
    return beside(stage, {
      'no Redis': {server: without, messages},
      Redis: {server: there.server, messages},
      'Redis hanging, breaker open': {server: gone.server, messages},
    });
  },
};
