// A request through a real Envoy: without a check, with Postern's, and with what Envoy can do by itself.

import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {perRoute, startEnvoy} from '../../test/support/envoy.ts';
import {tool} from '../../test/support/tools.ts';
import type {Case} from '../support/case.ts';
import {moveToServerCore} from '../support/cores.ts';
import {figure, times} from '../support/figures.ts';
import {cpuOf, inTurn, p50Of, serial} from '../support/inTurn.ts';
import type {Server, Stage} from '../support/stage.ts';
import {audience, bearer, headersOf, tokensOf} from '../support/workload.ts';

const typed = (type: string, settings: object) => ({
  '@type': `type.googleapis.com/envoy.extensions.${type}`,
  ...settings,
});
const jwtFilter = 'envoy.filters.http.jwt_authn';

/** A valid token of the tenant with the permission: the parts of the usual job that need nobody else. */
const ownFilters = (issuer: string, keys: string) => [
  {
    name: jwtFilter,
    typed_config: typed('filters.http.jwt_authn.v3.JwtAuthentication', {
      providers: {
        acme: {
          issuer,
          audiences: [audience],
          local_jwks: {inline_string: keys},
          payload_in_metadata: 'payload',
          claim_to_headers: [
            {header_name: 'x-auth-subject', claim_name: 'sub'},
            {header_name: 'x-auth-tenant', claim_name: 'org_id'},
          ],
          // Else each signature is verified again.
          jwt_cache_config: {jwt_cache_size: 1_000},
        },
      },
      rules: [{match: {prefix: '/'}, requires: {provider_name: 'acme'}}],
    }),
  },
  {
    name: 'envoy.filters.http.rbac',
    typed_config: typed('filters.http.rbac.v3.RBAC', {
      rules: {
        action: 'ALLOW',
        policies: {
          orders: {
            permissions: [{url_path: {path: {prefix: '/orgs/acme/orders/'}}}],
            principals: [
              {
                and_ids: {
                  ids: [
                    {metadata: claim('org_id', {string_match: {exact: 'acme'}})},
                    {metadata: claim('permissions', {list_match: {one_of: {string_match: {exact: 'orders.read'}}}})},
                  ],
                },
              },
            ],
          },
        },
      },
    }),
  },
];

const claim = (name: string, value: object) => ({filter: jwtFilter, path: [{key: 'payload'}, {key: name}], value});

/** Envoy answers by itself, so that no service behind it is measured; nothing is logged. */
const gate = async (stage: Stage, checkAddress: string, isChecked: boolean, filtersBefore: readonly object[] = []) => {
  const envoy = stage.keep(
    await startEnvoy({
      checkAddress,
      upstream: {port: 1},
      connectionManager: {access_log: []},
      filtersBefore: filtersBefore as readonly Readonly<Record<string, unknown>>[],
      routes: [
        {
          match: {prefix: '/'},
          direct_response: {status: 200},
          ...(!isChecked && {typed_per_filter_config: perRoute({disabled: true})}),
        },
      ],
    }),
  );
  moveToServerCore(envoy.process.pid);
  return {address: `127.0.0.1:${envoy.port}`, speaks: 'http', pids: [envoy.process.pid]} satisfies Server;
};

export const envoy: Case = {
  what: 'a request through Envoy, which answers it: without a check, with Postern over a Unix socket, with its own jwt_authn and rbac (which know of no features, nor of revocation); CPU of Envoy and Postern together',
  async measure(stage) {
    const [, version = ''] =
      /\/([\d.]+)\//.exec(execFileSync(await tool('envoy'), ['--version'], {encoding: 'utf8'})) ?? [];
    stage.version('Envoy', version);
    const {issuer} = stage.identityProvider;
    const keys = await (await fetch(`${issuer}/jwks`)).text();
    const unix = stage.socket();
    const postern = await stage.postern({...stage.usual, server: {listen: unix}});
    const checked = await gate(stage, unix, true);
    const messages = join(stage.folder(), 'requests');
    const tokens = await tokensOf(stage.identityProvider, 100);
    writeFileSync(messages, tokens.map((token) => JSON.stringify(headersOf({headers: bearer(token)}))).join('\n'));
    const contestants = {
      none: {server: await gate(stage, unix, false), messages},
      postern: {server: {...checked, pids: [...checked.pids, postern.pid]}, messages},
      own: {server: await gate(stage, unix, false, ownFilters(issuer, keys)), messages},
    };
    const loaded = await inTurn(stage, contestants);
    const alone = await inTurn(stage, contestants, serial);
    return [
      figure('CPU of a request, no check', 'µs', cpuOf(loaded.none)),
      figure('CPU of a request, Postern', 'µs', cpuOf(loaded.postern)),
      figure('CPU of a request, jwt_authn and rbac', 'µs', cpuOf(loaded.own)),
      times('CPU of a request, Postern beside jwt_authn and rbac', cpuOf(loaded.postern), cpuOf(loaded.own)),
      figure('one request after the other, no check', 'µs', p50Of(alone.none)),
      figure('one request after the other, Postern', 'µs', p50Of(alone.postern)),
      figure('one request after the other, jwt_authn and rbac', 'µs', p50Of(alone.own)),
    ];
  },
};
