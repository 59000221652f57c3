// Postern, put together: what is shared, what the configuration decides by, where Envoy asks, where an operator looks.
import {livezRoute, metricsRoute, readyzRoute} from './admin/routes.ts';
import {makeAdminServer} from './admin/server.ts';
import {formatErrors, type Loaded, loadSettings} from './config/load.ts';
import {makeConfigWatcher} from './config/reload.ts';
import type {Health} from './core/health.ts';
import {makeQueueDelay} from './envoy/queueDelay.ts';
import {makeServer} from './envoy/server.ts';
import {makeService} from './envoy/service.ts';
import {makeHealthLog} from './observe/healthLog.ts';
import {makeLimited} from './observe/limits.ts';
import {version} from './version.ts';
import {makeAdminRoutes} from './wiring/adminRoutes.ts';
import {type Configuration, type Decider, makeDecider} from './wiring/decider.ts';
import {makeShared} from './wiring/shared.ts';

export interface App {
  /** Where Envoy asks, as bound: `127.0.0.1:9191`, `unix:///run/check.sock`. */
  readonly addresses: readonly string[];
  /** Where an operator looks: `http://127.0.0.1:9190`. */
  readonly admin: string;
  /** Says NOT_SERVING, lets calls in flight end, and ends. `signal`: why, for the log. */
  stop(signal: string): Promise<void>;
  /** Looks whether the configuration has changed, now; it does so by itself, too. */
  look(): Promise<void>;
}

/** How often readiness is looked at for grpc.health.v1, milliseconds; /readyz looks when it is asked. */
const healthInterval = 250;
/** How long a replaced configuration's parts live on, for the checks that began with them. */
const afterlife = 10_000;

/**
 * Starts to serve, and takes over changes of the configuration file while it runs. Rejects if it cannot listen.
 *
 * @param file path of the configuration, to watch
 */
export const startApp = async (file: string, configuration: Configuration): Promise<App> => {
  const {settings} = configuration;
  let secrets = configuration.secrets;
  const shared = makeShared(settings, () => secrets);
  const {clocks, log, metrics} = shared;
  let draining = false;
  let decider = makeDecider(configuration, shared);
  let endMeters = decider.meter();
  const retired = new Set<Decider>();
  let inForce = configuration;
  takeOver(configuration);

  const queueDelay = makeQueueDelay(clocks.steady);
  const service = makeService({
    inForce: () => decider,
    newId: clocks.newId,
    now: clocks.now,
    log,
    queueDelay: queueDelay.now,
    steady: clocks.steady,
    decided: (decision, request, context) =>
      decider.observer.edge(context, request, decision, (clocks.now() - context.now) / 1_000),
  });
  const server = makeServer({
    settings: settings.server,
    service,
    log,
    limited: makeLimited('grpc', metrics, log, clocks.steady),
    steady: clocks.steady,
  });

  const health = (): readonly Health[] =>
    draining
      ? [{part: 'server', state: 'unready', detail: 'draining: it was told to end'}]
      : [...decider.health(), ...shared.health()];
  const logHealth = makeHealthLog(log);
  const look = () => {
    const parts = health();
    if (!draining) logHealth(parts);
    server.setServing(parts.every(({state}) => state !== 'unready'));
  };
  const admin = makeAdminServer({
    settings: settings.admin,
    routes: [
      metricsRoute(metrics.exposition),
      livezRoute,
      readyzRoute(health),
      ...makeAdminRoutes({
        feed: shared.revocation.feed,
        set: shared.revocation.set,
        providers: () => inForce.settings.providers.map(({name}) => name),
        log,
        keep: settings.revocation.keep,
        newId: clocks.newId,
        reach: shared.redis === undefined ? 'this instance only' : 'every instance',
      }),
    ],
    log,
  });

  const watcher = makeConfigWatcher({
    path: file,
    load: loadSettings,
    sources: configuration.sources,
    changed: reload,
    failed: reloadFailed,
  });
  const adminAddress = await admin.start();
  const starting = Promise.all([shared.start(), decider.start()]);
  const addresses = await server.start();
  const looking = setInterval(look, healthInterval).unref();
  await starting;
  look();
  for (const warning of configuration.warnings) log.warn({}, formatErrors([warning]));
  log.info({version, addresses, admin: adminAddress}, 'Postern answers');

  return {
    addresses,
    admin: adminAddress,
    async stop(signal) {
      if (draining) return;
      draining = true;
      log.info({signal}, 'told to end: draining');
      watcher.close();
      clearInterval(looking);
      await server.drain();
      await Promise.all([decider, ...retired].map((one) => one.close()));
      queueDelay.close();
      await admin.close();
      await shared.close();
      log.info({}, 'ended');
      await log.flush();
    },
    look: watcher.look,
  };

  function takeOver({settings: {rules, providers}, settingsHash}: Configuration) {
    metrics.configured({rules, providers: providers.map(({name}) => name), hash: settingsHash, at: clocks.now()});
  }

  /** The new configuration decides once its parts have loaded what they can; until then, and if it is bad, the old one. */
  async function reload(loaded: Loaded): Promise<void> {
    if (draining) return;
    const errors = loaded.settings === undefined ? formatErrors(loaded.errors).split('\n') : notWithoutRestart(loaded);
    if (loaded.settings === undefined || errors.length > 0) {
      metrics.reloaded('failure');
      log.error({errors}, 'the configuration has changed and is bad: the last good one stays in force');
      return;
    }
    secrets = [...new Set([...secrets, ...loaded.secrets])];
    const next = makeDecider(loaded, shared);
    await next.start();
    const last = decider;
    decider = next;
    endMeters();
    endMeters = next.meter();
    takeOver(loaded);
    inForce = loaded;
    metrics.reloaded('success');
    for (const warning of loaded.warnings) log.warn({}, formatErrors([warning]));
    log.info({hash: loaded.settingsHash, ...needsRestart(configuration, loaded)}, 'the configuration was loaded anew');
    retired.add(last);
    clocks.after(afterlife, () => retired.delete(last) && void last.close());
  }

  /** Redis lives as long as the process: what needs one cannot be taken over where there is none. */
  function notWithoutRestart({settings}: Configuration): readonly string[] {
    if (settings.entitlements?.source.type !== 'redis' || shared.redis !== undefined) return [];
    return ['entitlements.source: type redis needs the setting redis, which is new: restart Postern'];
  }

  function reloadFailed(error: unknown): void {
    metrics.reloaded('failure');
    log.error({err: error}, 'a bug: the configuration could not be taken over, the last good one stays in force');
  }
};

/** Settings of what lives as long as the process: a change of them counts at the next start, and the log says so. */
const needsRestart = (running: Configuration, loaded: Configuration): {restartFor?: readonly string[]} => {
  const lasting = ['server', 'admin', 'redis', 'revocation', 'log'] as const;
  const changed = lasting.filter(
    (key) => JSON.stringify(running.settings[key]) !== JSON.stringify(loaded.settings[key]),
  );
  return changed.length === 0 ? {} : {restartFor: changed};
};
