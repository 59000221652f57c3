// Other credentials than a JWT, warm: what has to be asked for has been asked for.
import {startIntrospectionIssuer} from '../../test/providers/introspectionIssuer.ts';
import {apiKey, claimsOf, clientId, startFrontegg} from '../../test/support/vendors/frontegg.ts';
import {beside} from '../support/beside.ts';
import type {Case} from '../support/case.ts';
import {acquaint} from '../support/inTurn.ts';
import {introspectionAt, opaqueFiles, opaqueJob, opaquePath} from '../support/opaque.ts';
import {bearer, tokensOf} from '../support/workload.ts';

const count = 1_000;
const rights = {roles: ['admin'], permissions: ['orders.read']};
export const providers: Case = {
  what: '1,000 tokens in turn: introspection and Frontegg machine-to-machine tokens, both warm, beside JWTs',
  async measure(stage) {
    const issuer = stage.keep(await startIntrospectionIssuer());
    const frontegg = stage.keep(await startFrontegg());
    const ids = Array.from({length: count}, (_, at) => `token-${at}`);
    for (const id of ids) frontegg.accessTokens.tenants.set(id, {id, tenantId: 't1', ...rights});
    const inTime = {exp: Math.floor(Date.now() / 1_000) + 3_600};
    const machines = await Promise.all(
      ids.map((id) => frontegg.sign(claimsOf('tenantAccessToken', {sub: id, ...inTime}))),
    );
    const opaque = await Promise.all(ids.map((id) => issuer.mint('user', id)));
    const jwts = await tokensOf(stage.identityProvider, count, () => ({org_id: 't1', ...rights}));
    const vendor = {
      name: 'fe',
      type: 'frontegg',
      baseUrl: frontegg.url,
      clientId,
      apiKey,
      issuer: 'https://acme.frontegg.com',
      accessTokens: {ttl: '1h'},
    };
    const contestant = async (provider: object, headers: readonly Readonly<Record<string, string>>[]) => {
      const one = {
        server: await stage.postern({...opaqueJob, providers: [provider]}, {files: opaqueFiles}),
        messages: await stage.checks(headers.map((of) => ({path: opaquePath, headers: of}))),
      };
      await acquaint(stage, one, count);
      return one;
    };
    const [oidc = {}] = stage.usual.providers;
    return beside(stage, {
      JWT: await contestant(oidc, jwts.map(bearer)),
      'introspection, warm': await contestant(introspectionAt(issuer.endpoint), opaque.map(bearer)),
      'Frontegg M2M, warm': await contestant(
        vendor,
        machines.map((token) => ({'x-api-key': token})),
      ),
    });
  },
};
