// The page that answers whether somebody has bought something, by what decides here.
import {type AdminRoute, json} from '../../admin/route.ts';
import type {Entitled, EntitlementStore} from '../../core/entitlement/entitlement.ts';
import {principalNamed} from '../../core/principalNamed.ts';
import {Unavailable} from '../../core/unavailable.ts';
import {heldAll} from '../explain/heldAll.ts';

/** It needs the admin token. `entitlements`: the store in force. `wanted`: the features that its rules ask for. */
export const makeEntitlementRoutes = (
  entitlements: () => Pick<EntitlementStore, 'entitled' | 'holdings' | 'catalog' | 'grantsOf'>,
  now: () => number,
  wanted: () => readonly string[] = () => [],
): readonly AdminRoute[] => [
  {
    method: 'GET',
    path: '/entitlements/check',
    token: true,
    about:
      'Has somebody bought it: ?tenant=T&feature=F, or permission=P; neither: all that is held; user=U for a person',
    handle: async ({query}) => {
      const asked = Object.fromEntries(
        ['tenant', 'user', 'feature', 'permission'].map((name) => [name, query.get(name) ?? undefined]),
      );
      const {tenant, user, feature, permission} = asked;
      if (tenant === undefined || (feature !== undefined && permission !== undefined)) {
        return json(400, {
          error: 'bad_request',
          detail: 'Ask for a tenant, and for one thing: a feature or a permission, or neither for all that is held.',
        });
      }
      const permissions = permission === undefined ? [] : [permission];
      const principal = principalNamed({tenant, user, permissions}, 'none');
      try {
        if (feature === undefined && permission === undefined) {
          return json(200, await heldAll(entitlements(), {tenant, user}, now(), wanted));
        }
        const question = feature === undefined ? {permission: permission ?? ''} : {feature};
        const answer: Entitled = await entitlements().entitled(principal, question, new Map(), now());
        return json(200, answer);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        return json(503, {error: 'unavailable', detail: error.message});
      }
    },
  },
];
