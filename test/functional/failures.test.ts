// What clients get when something that a decision depends on is away: Envoy's failure policy, never a wrong yes.
import assert from 'node:assert/strict';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {startEcho} from '../support/echo.ts';
import {type EnvoyOptions, startEnvoy} from '../support/envoy.ts';
import type {Answer} from '../support/http.ts';
import {freePort} from '../support/ports.ts';
import {acme, askPort, type Stage, startStage} from '../support/stage.ts';

const rules = [
  {name: 'open', match: {path: '/open'}, public: true},
  {name: 'rest', match: {path: '/**'}, require: {}},
];

/** A key server that takes a connection and never answers. */
const startHanging = async (): Promise<{url: string; stop(): Promise<unknown>}> => {
  const server: Server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
};

const awayIssuer = 'https://away.example';

describe('outages behind Envoy', () => {
  for (const errors of ['response', 'grpc'] as const) {
    describe(`a key server that is down, told to Envoy by ${errors}`, () => {
      let stage: Stage;
      let token: string;
      before(async () => {
        const port = await freePort();
        stage = await startStage({
          settings: (issuer) => ({
            providers: [
              acme(issuer),
              {
                name: 'away',
                type: 'oidc',
                issuer: awayIssuer,
                audience: 'any',
                jwksUri: `http://127.0.0.1:${port}/jwks`,
              },
            ],
            rules,
            responses: {errors},
          }),
          postern: {unready: true},
        });
        token = await stage.identityProvider.sign({iss: awayIssuer});
      });
      after(() => stage?.stop());
      const through = async (options: Omit<EnvoyOptions, 'checkAddress' | 'upstream'>): Promise<Answer> => {
        const envoy = await stage.another(options);
        const answer = await askPort(envoy.port, {path: '/x', token});
        await envoy.stop();
        return answer;
      };

      it('is an error and not a denial: 503 by error_response, or what status_on_error says', async () => {
        const answer = await through({filter: {status_on_error: {code: 'BadGateway'}}});
        assert.equal(answer.status, errors === 'response' ? 503 : 502);
        if (errors === 'response') assert.equal(answer.json().code, 'unavailable');
      });
      it('lets through where Envoy is told to fail open, and says so', async () => {
        const answer = await through({filter: {failure_mode_allow: true, failure_mode_allow_header_add: true}});
        assert.equal(answer.status, 200);
        const names = answer.json().headers.map(([name]: [string]) => name);
        assert.ok(names.includes('x-envoy-auth-failure-mode-allowed'), `${names}`);
      });
      it('still refuses what is refused without asking anyone, fail open or not', async () => {
        const envoy = await stage.another({filter: {failure_mode_allow: true}});
        assert.equal((await askPort(envoy.port, {path: '/x'})).status, 401);
        assert.equal((await askPort(envoy.port, {path: '//open', token})).status, 400);
      });
      it('does not touch other providers and public paths', async () => {
        assert.equal((await stage.ask({path: '/x', token: await stage.identityProvider.token('alice')})).status, 200);
        assert.equal((await stage.ask({path: '/open'})).status, 200);
      });
      it(errors === 'response' ? 'Envoy 1.36 denies with 403' : 'Envoy 1.36 follows its failure policy', async () => {
        const answer = await through({version: 'envoy-1.36', filter: {failure_mode_allow: true}});
        assert.equal(answer.status, errors === 'response' ? 403 : 200);
      });
      it('is said by readyz and metered', async () => {
        // Of two issuers one is away: what the other vouches for is decided, so traffic may come.
        const answer = await fetch(`${stage.postern.adminUrl}/readyz`);
        assert.equal(answer.status, 200);
        assert.match(await answer.text(), /"keys away",\s*"state": "degraded"/);
        const counted = await stage.postern.metric(
          'postern_decisions_total{rule="rest",outcome="error",reason="unavailable",provider="away"}',
        );
        assert.ok((counted ?? 0) > 0);
      });
    });
  }

  describe('a key server that hangs', () => {
    let stage: Stage;
    let hanging: Awaited<ReturnType<typeof startHanging>>;
    before(async () => {
      hanging = await startHanging();
      stage = await startStage({
        settings: {
          providers: [{name: 'away', type: 'oidc', issuer: awayIssuer, audience: 'any', jwksUri: hanging.url}],
          rules,
        },
        postern: {unready: true},
        envoy: {grpcService: {timeout: '1s'}},
      });
    });
    after(async () => {
      await stage?.stop();
      await hanging?.stop();
    });
    it('is answered just before Envoy gives up: our 503, not a bare time-out', async () => {
      const token = await stage.identityProvider.sign({iss: awayIssuer});
      await stage.ask({path: '/open'});
      // Milliseconds are left for the answer, which a busy machine may need for something else: not every try counts.
      const codes: string[] = [];
      for (let attempt = 0; attempt < 5 && !codes.includes('deadline'); attempt++) {
        const {status, body} = await stage.ask({path: '/x', token});
        assert.ok(status === 503 || status === 403, `${status} ${body}`);
        if (status === 503) codes.push(JSON.parse(body).code);
      }
      assert.ok(codes.includes('deadline'), `codes: ${codes}`);
    });
    it('holds up nobody else', async () => {
      const token = await stage.identityProvider.sign({iss: awayIssuer});
      let waiting = 20;
      const slow = Array.from({length: waiting}, () => stage.ask({path: '/x', token}).finally(() => waiting--));
      const quick = await Promise.all(Array.from({length: 20}, () => stage.ask({path: '/open'})));
      assert.equal(waiting, 20, 'the others were still waiting');
      for (const {status} of quick) assert.equal(status, 200);
      for (const {status} of await Promise.all(slow)) assert.ok(status === 503 || status === 403);
    });
  });

  describe('Postern itself away', () => {
    for (const [filter, status] of [
      [{}, 403],
      [{status_on_error: {code: 'ServiceUnavailable'}}, 503],
      [{failure_mode_allow: true}, 200],
    ] as const) {
      it(`${JSON.stringify(filter)} answers ${status}`, async () => {
        const echo = await startEcho();
        const envoy = await startEnvoy({checkAddress: `127.0.0.1:${await freePort()}`, upstream: echo, filter});
        assert.equal((await askPort(envoy.port, {path: '/'})).status, status);
        await envoy.stop();
        await echo.stop();
      });
    }
  });
});
