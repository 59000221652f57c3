// A plan's number reaches Envoy's rate limit: the parts of deploy/envoy/rate-limits.yaml, behind real Envoys, with a rate
// limit service that writes down what it is asked.
import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse} from 'yaml';
import {until} from '../store/rig.ts';
import {type RateLimits, startRateLimits} from '../support/rateLimits.ts';
import {type Asked, type Stage, startStage} from '../support/stage.ts';

// biome-ignore lint/suspicious/noExplicitAny: Envoy's own words, as they stand in the example
type Part = any;
const example: Part = parse(readFileSync(join(import.meta.dirname, '../../deploy/envoy/rate-limits.yaml'), 'utf8'));

const settings = {
  entitlements: {source: {type: 'file', path: 'entitlements.yaml'}, cache: {fresh: '200ms'}},
  rules: [
    {name: 'calls', match: {path: '/api/**'}, require: {}, limits: ['api']},
    {name: 'months', match: {path: '/months'}, require: {}, limits: ['months']},
    {name: 'both', match: {path: '/both'}, require: {}, limits: ['api', 'months']},
    {name: 'shadow', match: {path: '/shadow'}, require: {}, limits: ['months'], shadow: true},
    {name: 'open', match: {path: '/open'}, public: true},
    {name: 'plain', match: {path: '/plain'}, require: {}},
  ],
  responses: {identity: {'x-plan': 'plan', 'x-seats': 'value.seats'}, metadata: ['value.regions']},
};
const units = ['second', 'minute', 'hour', 'day', 'month', 'year'];
const features = {
  seats: {value: 'number'},
  regions: {value: 'list'},
  api: {limit: {per: 'minute'}},
  months: {limit: {per: 'month'}},
  ...Object.fromEntries(units.map((per) => [`by-${per}`, {limit: {per}}])),
};
const entitlements = (api: number) => ({
  features,
  plans: {
    pro: {
      features: ['seats', 'regions', 'api', 'months'],
      values: {seats: 50, regions: ['eu', 'us']},
      limits: {api, months: 9000},
    },
    endless: {features: ['api'], limits: {api: 'unlimited'}},
    none: {features: ['api'], limits: {api: 0}},
    bare: {features: ['api']},
    units: {
      features: units.map((per) => `by-${per}`),
      limits: Object.fromEntries(units.map((per) => [`by-${per}`, 7])),
    },
  },
  grants: [
    ...['pro', 'endless', 'none', 'bare', 'units'].map((plan) => ({plan, tenant: plan})),
    {plan: 'pro', tenant: 'late', expires: '2020-01-01', grace: '3650d'},
  ],
});

for (const version of ['envoy', 'envoy-1.36'] as const) {
  describe(`rate limits behind ${version}`, () => {
    let stage: Stage;
    let limits: RateLimits;
    const tokens = new Map<string, string>();
    before(async () => {
      limits = await startRateLimits();
      const ratelimit = structuredClone(example.clusters[0]);
      ratelimit.type = 'STATIC';
      ratelimit.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address = {
        address: '127.0.0.1',
        port_value: limits.port,
      };
      const forUnit = (feature: string) => {
        const own = structuredClone(example.rate_limits);
        own[0].actions[1].generic_key.descriptor_value = feature;
        own[0].limit.dynamic_metadata.metadata_key.path[2].key = feature;
        return own;
      };
      const route = (match: object, rate_limits: Part) => ({match, route: {cluster: 'echo', rate_limits}});
      stage = await startStage({
        settings: {
          ...settings,
          rules: [
            ...units.map((per) => ({name: per, match: {path: `/by/${per}`}, require: {}, limits: [`by-${per}`]})),
            ...settings.rules,
          ],
        },
        postern: {files: {'entitlements.yaml': entitlements(600)}},
        envoy: {
          version,
          filtersAfter: example.http_filters,
          clusters: [ratelimit],
          routes: [
            ...units.map((per) => route({path: `/by/${per}`}, forUnit(`by-${per}`))),
            route({path: '/months'}, forUnit('months')),
            route({prefix: '/'}, example.rate_limits),
          ],
        },
      });
      for (const tenant of ['pro', 'endless', 'none', 'bare', 'late', 'units', 'nothing']) {
        tokens.set(tenant, await stage.identityProvider.sign({sub: `u of ${tenant}`, org_id: tenant}));
      }
      tokens.set('nowhere', await stage.identityProvider.sign({sub: 'norbert'}));
    });
    after(async () => {
      await stage?.stop();
      await limits?.stop();
    });

    const ask = ({as, ...asked}: Asked & {as?: string}) =>
      stage.ask({...asked, ...(as !== undefined && {token: tokens.get(as) as string})});

    const rows: [what: string, as: string, path: string, status: number, limit: object | null | undefined][] = [
      ['what the plan says', 'pro', '/api/1', 200, {requests_per_unit: 600, unit: 'MINUTE'}],
      ['another feature', 'pro', '/months', 200, {requests_per_unit: 9000, unit: 'MONTH'}],
      ['one of two', 'pro', '/both', 200, {requests_per_unit: 600, unit: 'MINUTE'}],
      [
        'unlimited is counted, and is no limit',
        'endless',
        '/api/1',
        200,
        {requests_per_unit: 4_294_967_295, unit: 'MINUTE'},
      ],
      ['in grace', 'late', '/api/1', 200, {requests_per_unit: 600, unit: 'MINUTE'}],
      ['0 is a limit: nobody gets through', 'none', '/api/1', 429, {requests_per_unit: 0, unit: 'MINUTE'}],
      ['bought without a limit: refused, and nobody is asked', 'bare', '/api/1', 403, undefined],
      ['nothing bought: refused, and nobody is asked', 'nothing', '/api/1', 403, undefined],
      ['without a tenant: refused, and nobody is asked', 'nowhere', '/api/1', 403, undefined],
      ['a rule without limits hands on none', 'pro', '/plain', 200, null],
      ['a shadow rule that would refuse hands on none', 'nothing', '/shadow', 200, null],
      ...units.map((per): (typeof rows)[number] => [
        `a ${per}`,
        'units',
        `/by/${per}`,
        200,
        {requests_per_unit: 7, unit: per.toUpperCase()},
      ]),
    ];
    for (const [what, as, path, status, limit] of rows) {
      it(what, async () => {
        const before = limits.asked.length;
        const answer = await ask({path, as});
        assert.equal(answer.status, status, answer.body);
        assert.equal(limits.asked.length, before + (limit === undefined ? 0 : 1));
        if (limit === undefined) return;
        assert.equal(limits.asked.at(-1)?.domain, 'postern');
        const last = limits.last();
        assert.deepEqual(last?.limit ?? null, limit);
        assert.equal(last?.entries.tenant, as);
      });
    }

    it('nothing that a client sends changes it', async () => {
      const forged: [string, string][] = [
        ['x-plan', 'endless'],
        ['x_plan', 'endless'],
        ['x-postern-limits', '{"api":{"requests_per_unit":9,"unit":"SECOND"}}'],
        ['postern', 'limits'],
        ['x-envoy-ratelimited', 'true'],
        ['x-tenant', 'endless'],
      ];
      assert.equal((await ask({path: '/api/1?tenant=endless', as: 'pro', headers: forged})).status, 200);
      assert.deepEqual(limits.last(), {
        entries: {tenant: 'pro', limit: 'api'},
        limit: {requests_per_unit: 600, unit: 'MINUTE'},
      });
    });

    it('without a tenant at an open door nothing is counted, since there is nobody to count for', async () => {
      const before = limits.asked.length;
      assert.equal((await ask({path: '/open'})).status, 200);
      assert.equal(limits.asked.length, before);
    });

    it('the access log reads tenant, plan, values and limits', async () => {
      await ask({path: '/both?log', as: 'pro'});
      await ask({path: '/api/log', as: 'late'});
      let lines = await stage.envoy.accessLog();
      await until('both are logged', async () => {
        lines = await stage.envoy.accessLog();
        return lines.some(({path}) => path === '/both?log') && lines.some(({path}) => path === '/api/log');
      });
      const [both, late] = ['/both?log', '/api/log'].map((asked) => lines.find(({path}) => path === asked));
      assert.deepEqual(
        {...both?.postern, decision: ''},
        {
          decision: '',
          outcome: 'allow',
          rule: 'both',
          provider: 'acme',
          subject: 'u of pro',
          tenant: 'pro',
          plan: 'pro',
          values: {seats: 50, regions: ['eu', 'us'], api: 600, months: 9000},
          limits: {
            api: {requests_per_unit: 600, unit: 'MINUTE'},
            months: {requests_per_unit: 9000, unit: 'MONTH'},
          },
        },
      );
      assert.equal(late?.postern?.grace, true);
    });

    it('a plan that changes counts on the next request after it is known', async () => {
      const file = join(stage.postern.folder, 'entitlements.yaml');
      writeFileSync(file, JSON.stringify(entitlements(5)));
      await until('the new limit is asked for', async () => {
        await ask({path: '/api/1', as: 'pro'});
        return limits.last()?.limit?.requests_per_unit === 5;
      });
      writeFileSync(file, JSON.stringify(entitlements(600)));
    });

    it('is counted to, and then refused with 429', async () => {
      const file = join(stage.postern.folder, 'entitlements.yaml');
      writeFileSync(file, JSON.stringify(entitlements(0)));
      await until('it is refused', async () => (await ask({path: '/api/1', as: 'pro'})).status === 429);
      writeFileSync(file, JSON.stringify(entitlements(600)));
    });
  });

  describe(`lost entitlements behind ${version}`, () => {
    let stage: Stage;
    let limits: RateLimits;
    before(async () => {
      limits = await startRateLimits();
    });
    after(async () => {
      await stage?.stop();
      await limits?.stop();
    });

    it('are an outage, neither no limit nor 0', async () => {
      const ratelimit = structuredClone(example.clusters[0]);
      ratelimit.type = 'STATIC';
      ratelimit.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address = {
        address: '127.0.0.1',
        port_value: limits.port,
      };
      stage = await startStage({
        settings: {
          ...settings,
          entitlements: {source: {type: 'http', url: 'http://127.0.0.1:9/none'}},
          responses: {errors: 'grpc'},
        },
        postern: {unready: true},
        envoy: {
          version,
          filter: {status_on_error: {code: 503}},
          filtersAfter: example.http_filters,
          clusters: [ratelimit],
          routes: [{match: {prefix: '/'}, route: {cluster: 'echo', rate_limits: example.rate_limits}}],
        },
      });
      const token = await stage.identityProvider.sign({sub: 'u', org_id: 'pro'});
      assert.equal((await stage.ask({path: '/api/1', token})).status, 503);
      assert.equal(limits.asked.length, 0);
    });
  });
}
