// Where an operator looks: every page of the admin port, and whom it asks.
import {makeExplorerPages} from '../../admin/explorerPages.ts';
import {livezRoute, metricsRoute, readyzRoute} from '../../admin/routes.ts';
import {type AdminServer, makeAdminServer} from '../../admin/server.ts';
import type {Settings} from '../../config/schema.ts';
import type {Health} from '../../core/health.ts';
import type {LineOf} from '../../observe/decisionLine.ts';
import {makeLimited} from '../../observe/limits.ts';
import {version} from '../../version.ts';
import {wantedBy} from '../entitlements/entitlements.ts';
import {makeExplainer} from '../explain/explainer.ts';
import type {InForce} from '../inForce.ts';
import type {Shared} from '../shared.ts';
import {makeAdminRoutes} from './adminRoutes.ts';
import {makeDecisionRoutes} from './decisionRoutes.ts';
import {makeEntitlementRoutes} from './entitlementRoutes.ts';
import {makeEntitlementsRoute} from './entitlementsShown.ts';
import {makeExplainRoutes} from './explainRoutes.ts';
import {makeExplorerRoutes} from './explorerRoutes.ts';

export interface AdminSideParts {
  readonly settings: Settings['admin'];
  readonly inForce: Pick<InForce, 'decider' | 'configuration'>;
  readonly shared: Shared;
  readonly health: () => readonly Health[];
  /** Milliseconds that a revocation counts, unless it says otherwise. */
  readonly keep: number;
}

export const makeAdminSide = ({settings, inForce, shared, health, keep}: AdminSideParts): AdminServer => {
  const {decider, configuration} = inForce;
  const {clocks, log, metrics, recent, redact, redis, revocation} = shared;
  const lineOf: LineOf = (of) => decider().replayLine(of);
  return makeAdminServer({
    settings,
    tokens: () => configuration().settings.admin.token,
    routes: [
      metricsRoute(metrics.exposition, clocks.steady),
      livezRoute,
      readyzRoute(health),
      ...makeAdminRoutes({
        feed: revocation.feed,
        set: revocation.set,
        providers: () => decider().parts.providers.map(({name}) => name),
        log,
        keep,
        newId: clocks.newId,
        reach: redis === undefined ? 'this instance only' : 'every instance',
      }),
      ...makeEntitlementRoutes(
        () => decider().parts.entitlements,
        clocks.now,
        () => wantedBy(configuration().settings),
      ),
      ...makeDecisionRoutes({recent, redact, lineOf, every: clocks.every}),
      ...makeExplainRoutes({
        explainer: makeExplainer({decider, configuration, clocks}),
        recent,
        redact,
        lineOf,
      }),
      ...makeExplorerPages(),
      ...makeExplorerRoutes({
        decider,
        configuration,
        metrics,
        health,
        recent,
        now: clocks.now,
        version,
        redact,
      }),
      makeEntitlementsRoute({
        store: () => decider().parts.entitlements,
        source: () => configuration().settings.entitlements?.source.type,
        now: clocks.now,
        redact,
      }),
    ],
    log,
    limited: makeLimited('admin', metrics, log, clocks.steady),
    steady: clocks.steady,
  });
};
