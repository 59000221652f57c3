// What Envoys make of the metadata that they read limits from: why ours are written as they are (envoy/metadataValues.ts).
import assert from 'node:assert/strict';
import {type RateLimits, startRateLimits} from '../support/rateLimits.ts';
import {type Stage, startStage} from '../support/stage.ts';

/** `another`: a number that is none of what is written, and differs by processor (a cast that C++ leaves open). */
type Read = {readonly requests_per_unit: number; readonly unit: string} | null | 'another';

const unread = null;
const rows: [what: string, written: unknown, read: Read][] = [
  ['a limit', {requests_per_unit: 600, unit: 'MINUTE'}, {requests_per_unit: 600, unit: 'MINUTE'}],
  ['0', {requests_per_unit: 0, unit: 'MINUTE'}, {requests_per_unit: 0, unit: 'MINUTE'}],
  ['the most', {requests_per_unit: 4_294_967_295, unit: 'MINUTE'}, {requests_per_unit: 4_294_967_295, unit: 'MINUTE'}],
  ['more than the most', {requests_per_unit: 4_294_967_296, unit: 'MINUTE'}, 'another'],
  ['far more', {requests_per_unit: 1e300, unit: 'MINUTE'}, 'another'],
  ['less than 0', {requests_per_unit: -1, unit: 'MINUTE'}, 'another'],
  ['a fraction', {requests_per_unit: 1.5, unit: 'MINUTE'}, {requests_per_unit: 1, unit: 'MINUTE'}],
  ['a text', {requests_per_unit: '600', unit: 'MINUTE'}, unread],
  ['no number', {unit: 'MINUTE'}, unread],
  ['no unit', {requests_per_unit: 600}, unread],
  ['a unit in lower case', {requests_per_unit: 600, unit: 'minute'}, unread],
  ['a week', {requests_per_unit: 600, unit: 'WEEK'}, unread],
  ['an unknown unit', {requests_per_unit: 600, unit: 'FORTNIGHT'}, unread],
  ['a unit by number', {requests_per_unit: 600, unit: 2}, unread],
  ['a number alone', 600, unread],
  ['a text alone', '600 per minute', unread],
  ['a list', [600, 'MINUTE'], unread],
  ...['SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTH', 'YEAR'].map((unit): (typeof rows)[number] => [
    `the unit ${unit}`,
    {requests_per_unit: 7, unit},
    {requests_per_unit: 7, unit},
  ]),
];

for (const version of ['envoy', 'envoy-1.36'] as const) {
  describe(`metadata of limits, read by ${version}`, () => {
    let stage: Stage;
    let limits: RateLimits;
    before(async () => {
      limits = await startRateLimits();
      const written = Object.fromEntries(rows.map(([, value], at) => [`row${at}`, value]));
      stage = await startStage({
        settings: {rules: [{name: 'open', match: {path: '/**'}, public: true}]},
        envoy: {
          version,
          filtersAfter: [
            {
              name: 'envoy.filters.http.set_metadata',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config',
                metadata: [{metadata_namespace: 'raw', value: written}],
              },
            },
            {
              name: 'envoy.filters.http.ratelimit',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit',
                domain: 'raw',
                failure_mode_deny: true,
                timeout: '2s',
                rate_limit_service: {
                  transport_api_version: 'V3',
                  grpc_service: {envoy_grpc: {cluster_name: 'ratelimit'}},
                },
              },
            },
          ],
          clusters: [
            {
              name: 'ratelimit',
              type: 'STATIC',
              connect_timeout: '1s',
              typed_extension_protocol_options: {
                'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                  '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
                  explicit_http_config: {http2_protocol_options: {}},
                },
              },
              load_assignment: {
                cluster_name: 'ratelimit',
                endpoints: [
                  {
                    lb_endpoints: [
                      {endpoint: {address: {socket_address: {address: '127.0.0.1', port_value: limits.port}}}},
                    ],
                  },
                ],
              },
            },
          ],
          routes: [...rows.keys(), 'absent'].map((at) => ({
            match: {path: `/${at}`},
            route: {
              cluster: 'echo',
              rate_limits: [
                {
                  actions: [{generic_key: {descriptor_value: `${at}`}}],
                  limit: {dynamic_metadata: {metadata_key: {key: 'raw', path: [{key: `row${at}`}]}}},
                },
              ],
            },
          })),
        },
      });
    });
    after(async () => {
      await stage?.stop();
      await limits?.stop();
    });

    for (const [at, [what, written, read]] of rows.entries()) {
      it(`${what}: ${read === null ? 'no limit at all' : read === 'another' ? 'another limit' : 'a limit'}`, async () => {
        const {status} = await stage.ask({path: `/${at}`});
        const {entries, limit} = limits.last() ?? {};
        assert.deepEqual(entries, {generic_key: `${at}`});
        assert.equal(status, limit?.requests_per_unit === 0 ? 429 : 200);
        if (read !== 'another') assert.deepEqual(limit ?? null, read);
        else assert.notEqual(limit?.requests_per_unit, (written as {requests_per_unit: number}).requests_per_unit);
      });
    }
    it('none: no limit at all', async () => {
      assert.equal((await stage.ask({path: '/absent'})).status, 200);
      assert.equal(limits.last()?.limit ?? null, null);
    });
  });
}
