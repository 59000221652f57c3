// Scripts of other origins behind real Envoys: refusals that they can read, wherever the cors filter stands, and preflights.
import assert from 'node:assert/strict';
import type {Envoy, EnvoyOptions, Logged} from '../support/envoy.ts';
import {send} from '../support/http.ts';
import {type Stage, startStage} from '../support/stage.ts';

const origin = 'https://app.acme.example';
const typed = (type: string, settings: object) => ({
  '@type': `type.googleapis.com/envoy.extensions.filters.http.cors.v3.${type}`,
  ...settings,
});
const corsFilter = {name: 'envoy.filters.http.cors', typed_config: typed('Cors', {})};
const corsPolicy = typed('CorsPolicy', {
  allow_origin_string_match: [{exact: origin}],
  allow_methods: 'GET, PUT',
  allow_headers: 'authorization',
});
/** What Istio makes of a VirtualService with `corsPolicy`. */
const routes = [
  {
    match: {prefix: '/'},
    route: {cluster: 'echo'},
    typed_per_filter_config: {'envoy.filters.http.cors': corsPolicy},
  },
];
const orders: readonly (readonly [says: string, options: Omit<EnvoyOptions, 'checkAddress' | 'upstream'>])[] = [
  ['cors before ext_authz', {routes, filtersBefore: [corsFilter]}],
  ['cors after ext_authz, as Istio has it', {routes, filtersAfter: [corsFilter]}],
  ['no cors filter', {}],
  ['cors after ext_authz, Envoy 1.36', {routes, filtersAfter: [corsFilter], version: 'envoy-1.36'}],
];

const resource = {
  resource: 'http://127.0.0.1/mcp',
  authorizationServers: ['https://id.acme.example'],
  scopes: ['orders'],
};
const document = '/.well-known/oauth-protected-resource/mcp';

const isDocument = ({postern}: Logged) => postern?.outcome === 'answer' && postern.reason === 'resource_metadata';

describe('scripts of other origins, through Envoy', () => {
  let stage: Stage;
  const envoys = new Map<string, Envoy>();
  before(async function () {
    this.timeout(120_000);
    stage = await startStage({
      settings: {
        rules: [
          {name: 'preflights', match: {methods: ['OPTIONS'], path: '/passed/**'}, public: true},
          {name: 'open', match: {path: '/open/**'}, public: true},
          {name: 'all', match: {path: '/api/**'}, require: {}},
        ],
        responses: {cors: {origins: [origin], preflight: {}}, resourceMetadata: resource},
      },
    });
    for (const [says, options] of orders) envoys.set(says, await stage.another(options));
  });
  after(() => stage?.stop());

  for (const [says, options] of orders) {
    const ask = (method: string, path: string, headers: [string, string][] = []) =>
      send({port: (envoys.get(says) as Envoy).port, method, path, headers: [['origin', origin], ...headers]});
    const preflight: [string, string][] = [
      ['access-control-request-method', 'PUT'],
      ['access-control-request-headers', 'authorization'],
    ];
    const hasFilter = 'routes' in options;

    describe(says, () => {
      it('a 401 can be read, and says once who may', async () => {
        const {status, headers} = await ask('GET', '/api/x');
        assert.equal(status, 401);
        assert.equal(headers.get('access-control-allow-origin'), origin);
        assert.match(headers.get('www-authenticate') ?? '', /^Bearer /);
      });

      it('so can a 403 without a rule', async () => {
        const {status, headers} = await ask('GET', '/nowhere');
        assert.deepEqual([status, headers.get('access-control-allow-origin')], [403, origin]);
      });

      it('a preflight is answered, whether a rule passes it on or Postern says it', async () => {
        for (const path of hasFilter ? ['/api/x', '/passed/x'] : ['/api/x']) {
          const {status, headers} = await ask('OPTIONS', path, preflight);
          assert.ok(status === 200 || status === 204, `${path} ${status}`);
          assert.equal(headers.get('access-control-allow-origin'), origin);
          assert.match(headers.get('access-control-allow-methods') ?? '', /PUT/);
          assert.match(headers.get('access-control-allow-headers') ?? '', /authorization/);
        }
      });

      it('what is let through has what the cors filter says, and nothing of ours', async () => {
        const {status, headers} = await ask('GET', '/open/x');
        assert.equal(status, 200);
        assert.equal(headers.get('access-control-allow-origin'), hasFilter ? origin : undefined);
      });

      it('the metadata of the resource are served, to GET and to HEAD', async () => {
        const got = await ask('GET', document);
        assert.equal(got.status, 200);
        assert.equal(got.headers.get('content-type'), 'application/json');
        assert.equal(JSON.parse(got.body).resource, resource.resource);
        assert.ok(got.headers.get('access-control-allow-origin'));
        const head = await ask('HEAD', document);
        assert.deepEqual([head.status, head.body], [200, '']);
        const envoy = envoys.get(says) as Envoy;
        let log = await envoy.accessLog();
        // It is written a moment later.
        while (!log.some(isDocument)) log = await envoy.accessLog(log.length + 1);
      });
    });
  }

  describe('the metrics', () => {
    it('count answers as such', async () => {
      const text = await (await fetch(`${stage.postern.adminUrl}/metrics`)).text();
      assert.match(
        text,
        /postern_decisions_total\{rule="none",outcome="answer",reason="resource_metadata",provider="none"\} [1-9]/,
      );
      assert.match(text, /outcome="answer",reason="preflight"/);
    });
  });
});
