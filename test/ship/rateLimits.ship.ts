// What a plan sells is what is counted: Postern, real Envoys, envoyproxy/ratelimit and its Redis, as the guide has them.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../store/rig.ts';
import type {Answer} from '../support/http.ts';
import {type Asked, type Stage, startStage} from '../support/stage.ts';
import {example} from './envoyExample.ts';
import {type RateLimitEngine, startRateLimitEngine} from './rateLimitEngine.ts';

const parts = example('deploy/envoy/rate-limits.yaml');
const units = ['second', 'minute', 'hour', 'day', 'month', 'year'];
const secondsOf = [1, 60, 3_600, 86_400, 30 * 86_400, 365 * 86_400];

/** One plan for each kind of tenant: the tenants `pro-1`, `pro-2`, ... have bought `pro`. */
const entitlements = (api: number) => ({
  features: {
    api: {limit: {per: 'minute'}},
    ...Object.fromEntries(units.map((per) => [`by-${per}`, {limit: {per}}])),
  },
  plans: {
    pro: {features: ['api'], limits: {api}},
    more: {features: ['api'], limits: {api: 1_000}},
    endless: {features: ['api'], limits: {api: 'unlimited'}},
    none: {features: ['api'], limits: {api: 0}},
    units: {
      features: units.map((per) => `by-${per}`),
      limits: Object.fromEntries(units.map((per) => [`by-${per}`, 1_000])),
    },
  },
  grants: ['pro', 'more', 'endless', 'none', 'units'].flatMap((plan) =>
    Array.from({length: 40}, (_, at) => ({plan, tenant: `${plan}-${at}`})),
  ),
});

const rules = [
  ...units.map((per) => ({name: per, match: {path: `/by/${per}`}, require: {}, limits: [`by-${per}`]})),
  {name: 'calls', match: {path: '/api/**'}, require: {}, limits: ['api']},
  {name: 'gateway', match: {path: '/gateway'}, require: {}, limits: ['api']},
  {name: 'plain', match: {path: '/plain'}, require: {}},
];

/** The example's cluster, and what is counted of another feature. */
const clusterAt = (port: number) => {
  const cluster = structuredClone(parts.clusters[0]);
  cluster.type = 'STATIC';
  const [first] = cluster.load_assignment.endpoints[0].lb_endpoints;
  first.endpoint.address.socket_address = {address: '127.0.0.1', port_value: port};
  return cluster;
};
const limitsOf = (feature: string) => {
  const own = structuredClone(parts.rate_limits);
  own[0].actions[1].generic_key.descriptor_value = feature;
  own[0].limit.dynamic_metadata.metadata_key.path[2].key = feature;
  return own;
};
/** What Envoy Gateway makes of `fromMetadata` and of a selector by header. */
const asGateway = [
  {
    actions: [
      {request_headers: {header_name: 'x-auth-tenant', descriptor_key: 'tenant'}},
      {generic_key: {descriptor_key: 'limit', descriptor_value: 'api'}},
    ],
    limit: {
      dynamic_metadata: {metadata_key: {key: 'envoy.filters.http.ext_authz', path: [{key: 'postern.limits.api'}]}},
    },
  },
];
const routes = [
  ...units.map((per) => ({
    match: {path: `/by/${per}`},
    route: {cluster: 'echo', rate_limits: limitsOf(`by-${per}`)},
  })),
  {match: {path: '/gateway'}, route: {cluster: 'echo', rate_limits: asGateway}},
  {match: {prefix: '/'}, route: {cluster: 'echo', rate_limits: parts.rate_limits}},
];

for (const version of ['envoy', 'envoy-1.36'] as const) {
  describe(`a plan's limit, counted by envoyproxy/ratelimit behind ${version}`, function () {
    // The service that counts is built the first time.
    this.timeout(600_000);
    let stage: Stage;
    let engine: RateLimitEngine;
    const servers: Server[] = [];
    before(async () => {
      engine = await startRateLimitEngine();
      stage = await startStage({
        settings: {
          entitlements: {source: {type: 'file', path: 'entitlements.yaml'}, cache: {fresh: '200ms'}},
          rules,
          responses: {identity: {'x-auth-tenant': 'tenant'}},
        },
        postern: {files: {'entitlements.yaml': entitlements(3)}},
        envoy: {version, filtersAfter: parts.http_filters, clusters: [clusterAt(engine.port)], routes},
      });
    });
    after(async () => {
      for (const server of servers) server.close();
      await stage?.stop();
      await engine?.stop();
    });

    const tokenOf = (tenant: string) => stage.identityProvider.sign({sub: `u of ${tenant}`, org_id: tenant});
    const ask = async (tenant: string, asked: Asked): Promise<Answer> =>
      stage.ask({...asked, token: await tokenOf(tenant)});
    const statuses = async (tenant: string, times: number, asked: Asked = {path: '/api/1'}): Promise<number[]> => {
      const token = await tokenOf(tenant);
      const found: number[] = [];
      for (let at = 0; at < times; at++) found.push((await stage.ask({...asked, token})).status);
      return found;
    };

    let used = 0;
    /** The service begins to count anew with each minute of the clock: what was cut by one is done again, by others. */
    const inOneMinute = async (rows: (fresh: (plan: string) => string) => Promise<void>): Promise<void> => {
      const minute = () => Math.floor(Date.now() / 60_000);
      for (let tries = 0; tries < 5; tries++) {
        const at = used++;
        const began = minute();
        try {
          await rows((plan) => `${plan}-${at}`);
          return;
        } catch (error) {
          if (began === minute()) throw error;
        }
      }
      assert.fail('no minute was long enough');
    };

    it('three a minute are three, of this tenant alone', () =>
      inOneMinute(async (fresh) => {
        assert.deepEqual(await statuses(fresh('pro'), 5), [200, 200, 200, 429, 429]);
        assert.deepEqual(await statuses(fresh('more'), 5), [200, 200, 200, 200, 200]);
        // Another user of the same tenant.
        const token = await stage.identityProvider.sign({sub: 'another', org_id: fresh('pro')});
        assert.equal((await stage.ask({path: '/api/2', token})).status, 429);
      }));

    it('the client is told what it may', async () => {
      const {headers} = await ask('more-39', {path: '/api/1'});
      assert.match(headers.get('x-ratelimit-limit') ?? '', /^1000, 1000;w=60/);
    });

    it('unlimited is counted, and never refused', async () => {
      const all = await statuses('endless-0', 100);
      assert.deepEqual([...new Set(all)], [200]);
      const counted = [...(await engine.counts())].filter(([key]) =>
        key.startsWith('postern_tenant_endless-0_limit_api_'),
      );
      assert.equal(
        counted.reduce((sum, [, count]) => sum + count, 0),
        100,
      );
    });

    it('0 refuses all', async () => {
      assert.deepEqual(await statuses('none-0', 3), [429, 429, 429]);
    });

    for (const [at, per] of units.entries()) {
      it(`counts by the ${per}`, async () => {
        const {status, headers} = await ask('units-0', {path: `/by/${per}`});
        assert.equal(status, 200);
        assert.match(headers.get('x-ratelimit-limit') ?? '', new RegExp(`^1000, 1000;w=${secondsOf[at]}`));
        const [key] = [...(await engine.counts()).keys()].filter((one) => one.includes(`_limit_by-${per}_`));
        // The time that is counted begins at a multiple of its length, from 1970.
        assert.equal(Number(key?.split('_').at(-1)) % (secondsOf[at] as number), 0, key);
      });
    }

    it('nothing that a client sends changes it', () =>
      inOneMinute(async (fresh) => {
        const forged: [string, string][] = [
          ['x-auth-tenant', fresh('endless')],
          ['x_auth_tenant', fresh('endless')],
          ['X-Auth-Tenant', fresh('endless')],
          ['x-plan', 'endless'],
          ['postern', '{"limits":{"api":{"requests_per_unit":9000,"unit":"SECOND"}}}'],
          ['x-envoy-ratelimited', 'false'],
          ['x-ratelimit-limit', '9000'],
        ];
        for (const path of ['/api/1?tenant=endless', '/gateway?tenant=endless']) {
          const tenant = fresh('pro');
          const all = await statuses(tenant, 4, {path, headers: forged});
          // Both are counted under one name.
          assert.deepEqual(all, path.startsWith('/api') ? [200, 200, 200, 429] : [429, 429, 429, 429]);
        }
        const counted = [...(await engine.counts()).keys()];
        assert.ok(!counted.some((key) => key.includes(`_${fresh('endless')}_`)), counted.join('\n'));
      }));

    it('as Envoy Gateway reads it', () =>
      inOneMinute(async (fresh) => {
        assert.deepEqual(await statuses(fresh('pro'), 4, {path: '/gateway'}), [200, 200, 200, 429]);
      }));

    it('a request without a limit is counted by what the service has for it', () =>
      inOneMinute(async (fresh) => {
        const all = await statuses(fresh('pro'), 61, {path: '/plain'});
        assert.deepEqual(all, [...Array(60).fill(200), 429]);
      }));

    it('a plan that changes counts on the next request', () =>
      inOneMinute(async (fresh) => {
        const file = join(stage.postern.folder, 'entitlements.yaml');
        const known = (api: number) =>
          until(`${api} is known`, async () => {
            writeFileSync(file, JSON.stringify(entitlements(api)));
            await sleep(100);
            const {headers} = await ask(`pro-${39}`, {path: '/api/known'});
            return headers.get('x-ratelimit-limit')?.startsWith(`${api}, `) === true;
          });
        await known(3);
        assert.deepEqual(await statuses(fresh('pro'), 4), [200, 200, 200, 429]);
        await known(6);
        // What was refused has been counted, too.
        assert.deepEqual(await statuses(fresh('pro'), 3), [200, 200, 429]);
        await known(2);
        assert.deepEqual(await statuses(fresh('pro'), 1), [429]);
        await known(3);
      }));

    it('lost entitlements are an outage: not one request passes uncounted, and none is refused as used up', async () => {
      let alive = true;
      const source = createServer((_, response) => {
        if (alive) response.setHeader('content-type', 'application/json').end(JSON.stringify(entitlements(1_000)));
        else response.writeHead(500).end();
      });
      servers.push(source);
      await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(source.address() as AddressInfo).port}/entitlements`;
      const losing = await startStage({
        settings: {
          entitlements: {source: {type: 'http', url}, cache: {fresh: '100ms', stale: '2s'}},
          rules,
          responses: {errors: 'grpc'},
        },
        envoy: {
          version,
          filter: {status_on_error: {code: 503}},
          filtersAfter: parts.http_filters,
          clusters: [clusterAt(engine.port)],
          routes,
        },
      });
      try {
        const token = await losing.identityProvider.sign({sub: 'u', org_id: 'pro-38'});
        const found: number[] = [];
        const asked = async () => {
          const {status} = await losing.ask({path: '/api/1', token});
          found.push(status);
          return status;
        };
        assert.equal(await asked(), 200);
        alive = false;
        await until('the entitlements are lost', async () => (await asked()) === 503, 20_000);
        for (let at = 0; at < 20; at++) assert.equal(await asked(), 503);
        assert.deepEqual([...new Set(found)], [200, 503]);
        const counted = [...(await engine.counts())].filter(([key]) => key.includes('_tenant_pro-38_limit_api_'));
        assert.equal(
          counted.reduce((sum, [, count]) => sum + count, 0),
          found.filter((status) => status === 200).length,
        );
        alive = true;
        await until('they are back', async () => (await asked()) === 200, 20_000);
      } finally {
        await losing.stop();
      }
    });

    it('while nobody counts, nobody gets in, as the example has it', async () => {
      await engine.redis.kill();
      assert.equal((await ask('endless-1', {path: '/api/1'})).status, 500);
    });
  });
}
