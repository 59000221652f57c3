// Does memory stay flat while nobody comes twice? Tokens, cookies, forged tokens and API keys that are never seen again.
import {randomBytes} from 'node:crypto';
import {rmSync} from 'node:fs';
import {exportJWK, generateKeyPair} from 'jose';
import {apiKeyOf, secretBytes} from '../../src/providers/apiKeysForm.ts';
import {json, startServer} from '../../test/remote/servers.ts';
import type {Case} from '../support/case.ts';
import {figure} from '../support/figures.ts';
import {callAnyway} from '../support/inTurn.ts';
import type {PosternServer, Stage} from '../support/stage.ts';
import {memory} from '../support/usage.ts';
import {type Asked, bearer, tokensOf} from '../support/workload.ts';

/** Far from what it can answer: the machine has other work to do meanwhile. */
const perSecond = 700;
const seconds = 5;
const kid = 'churn';

/** Four kinds of credential in turn, the first two of which are good. */
const askedWith = (token: string, at: number): Asked => {
  const kinds = [
    bearer(token),
    {cookie: `theme=${randomBytes(6).toString('hex')}; access_token=${token}; cart=${randomBytes(60).toString('hex')}`},
    bearer(`${token.slice(0, -20)}${randomBytes(15).toString('base64url')}`),
    {'x-api-key': apiKeyOf(randomBytes(9).toString('hex'), randomBytes(secretBytes))},
  ] as const;
  return {headers: kinds[at % kinds.length] as Readonly<Record<string, string>>};
};

/** Postern that knows a key by which a signature is cheap. Answers it, and how messages are made, all of them new. */
const churned = async (stage: Stage): Promise<{server: PosternServer; next(): Promise<string>}> => {
  const {publicKey, privateKey} = await generateKeyPair('Ed25519', {extractable: true});
  const keys = [{...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig'}];
  const published = await startServer((_, response) => json(response, {keys}));
  stage.keep({stop: published.close});
  const [provider] = stage.usual.providers;
  const acme = {
    ...provider,
    jwksUri: `${published.url}/jwks`,
    algorithms: ['EdDSA'],
    credentials: [{header: 'authorization', scheme: 'Bearer'}, {cookie: 'access_token'}],
  };
  const server = await stage.postern(
    {
      ...stage.usual,
      providers: [acme, {name: 'keys', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]}],
      log: {decisions: 'none'},
    },
    {files: {'keys.yaml': {keys: []}}},
  );
  const sign = (claims: object = {}) =>
    stage.identityProvider.sign(claims as Record<string, unknown>, {key: privateKey, header: {alg: 'EdDSA', kid}});
  return {
    server,
    next: async () => stage.checks((await tokensOf({sign}, perSecond * seconds)).map(askedWith)),
  };
};

export const churn: Case = {
  what: 'resident memory while nobody comes twice: 700 calls a second with tokens, cookies, forged tokens and API keys that are never seen again',
  long: true,
  async measure(stage) {
    const {server, next} = await churned(stage);
    const load = {perSecond, milliseconds: seconds * 1_000, calls: perSecond * seconds};
    const seen: number[] = [];
    let [calls, lost] = [0, 0];
    const began = performance.now();
    const minutes = () => (performance.now() - began) / 60_000;
    for (let messages = await next(); minutes() < stage.minutes; ) {
      const making = next();
      const {calls: sent, failed} = await callAnyway(stage, {server, messages, load});
      calls += sent;
      lost += failed;
      seen.push(memory(server.pid).resident);
      rmSync(messages);
      messages = await making;
    }
    const good = ((await server.allowed?.()) ?? 0) / calls;
    if (good < 0.45) throw new Error(`${good} of the calls were let through: ${await server.refusals?.()}`);
    // The first five minutes of an hour are a twelfth; of a shorter run five minutes are what there is to compare with.
    const early = Math.max(1, Math.round(seen.length * Math.min(0.5, 5 / stage.minutes)));
    const [first, later] = [Math.max(...seen.slice(0, early)), Math.max(...seen.slice(early), 0)];
    return [
      figure('the most later, beside the most in the first five minutes', 'times', [later / first], 1.1),
      figure('the most in the first five minutes', 'MiB', [first]),
      figure('the most later', 'MiB', [later]),
      figure('at the end', 'MiB', seen.slice(-1)),
      figure('length', 'minutes', [minutes()]),
      figure('credentials, each sent once', 'calls', [calls]),
      figure('not answered in time by a machine with other work', 'calls', [lost]),
    ];
  },
};
