// Postern, put together: what is shared, what the configuration decides by, where Envoy asks, where an operator looks.
import {makeLoadAside} from './config/aside.ts';
import {formatErrors, openTelemetryVariables} from './config/load.ts';
import {makeConfigWatcher} from './config/reload.ts';
import type {Health} from './core/health.ts';
import {makeQueueDelay} from './envoy/queueDelay.ts';
import {makeServer} from './envoy/server.ts';
import {makeService} from './envoy/service.ts';
import {makeHealthLog} from './observe/healthLog.ts';
import {makeLimited} from './observe/limits.ts';
import {makeLog} from './observe/log.ts';
import {startOpenTelemetry} from './observe/openTelemetry.ts';
import {tracingAsked} from './observe/otelSettings.ts';
import {version} from './version.ts';
import {makeAdminSide} from './wiring/admin/adminSide.ts';
import {makeAnswers} from './wiring/answers.ts';
import {clocks} from './wiring/clocks.ts';
import type {Configuration} from './wiring/decider.ts';
import {makeInForce} from './wiring/inForce.ts';
import {startShadow} from './wiring/shadow/start.ts';
import {makeShared} from './wiring/shared.ts';

export interface App {
  /** Where Envoy asks, as bound: `127.0.0.1:9191`, `unix:///run/check.sock`. */
  readonly addresses: readonly string[];
  /** Where an operator looks: `http://127.0.0.1:9190`. */
  readonly admin: string;
  /** Where the application asks what was bought; undefined: nowhere. */
  readonly answers: string | undefined;
  /** Says NOT_SERVING, lets calls in flight end, and ends. `signal`: why, for the log. */
  stop(signal: string): Promise<void>;
  /** Looks whether the configuration has changed, now; it does so by itself, too. */
  look(): Promise<void>;
}

/** How often readiness is looked at for grpc.health.v1, milliseconds; /readyz looks when it is asked. */
const healthInterval = 250;

/**
 * Starts to serve, and takes over changes of the configuration file while it runs. Rejects if it cannot listen.
 *
 * @param file path of the configuration, to watch
 * @param shadowFile path of the one that is compared with it, to watch, too
 */
export const startApp = async (file: string, configuration: Configuration, shadowFile?: string): Promise<App> => {
  const {settings} = configuration;
  let secrets = configuration.secrets;
  const log = makeLog({settings: settings.log, secrets: () => secrets});
  const asked = tracingAsked(openTelemetryVariables());
  const spans = asked && (await startOpenTelemetry(asked, {version, log, steady: clocks.steady}));
  const shared = await makeShared(settings, () => secrets, {log, spans, keeps: true});
  const {metrics} = shared;
  let draining = false;
  const learned = (more: readonly string[]) => {
    secrets = [...new Set([...secrets, ...more])];
  };
  const inForce = await makeInForce({configuration, shared, learned});

  const queueDelay = makeQueueDelay(clocks.steady);
  const shadow =
    shadowFile === undefined ? undefined : startShadow(shadowFile, {shared, queueDelay: queueDelay.now, learned});
  const service = makeService({
    inForce: shadow === undefined ? inForce.decider : shadow.beside(inForce.decider),
    newId: clocks.newId,
    now: clocks.now,
    log,
    queueDelay: queueDelay.now,
    steady: clocks.steady,
    traced: spans !== undefined,
    decided: (decision, request, context) =>
      inForce.decider().observer.edge(context, request, decision, (clocks.now() - context.now) / 1_000),
  });
  const server = makeServer({
    settings: settings.server,
    service,
    log,
    limited: makeLimited('grpc', metrics, log, clocks.steady),
    steady: clocks.steady,
  });

  const answers = makeAnswers(
    settings.answers,
    () => inForce.configuration().settings.answers?.trust,
    () => inForce.decider().parts,
    shared,
  );

  const health = (): readonly Health[] =>
    draining
      ? [{part: 'server', state: 'unready', detail: 'draining: it was told to end'}]
      : [
          ...inForce.decider().health(),
          ...shared.health(),
          ...server.health(),
          ...(answers?.health() ?? []),
          ...inForce.health(),
          ...(shadow?.health() ?? []),
        ];
  const logHealth = makeHealthLog(log);
  const look = () => {
    inForce.tend();
    const parts = health();
    if (!draining) logHealth(parts);
    server.setServing(parts.every(({state}) => state !== 'unready'));
  };
  const admin = makeAdminSide({settings: settings.admin, inForce, shared, health, keep: settings.revocation.keep});

  const aside = makeLoadAside(clocks);
  const watcher = makeConfigWatcher({
    path: file,
    load: aside.load,
    sources: configuration.sources,
    changed: inForce.change,
    failed: (error) => {
      metrics.reloaded('failure');
      log.error({err: error}, 'a bug: the configuration could not be taken over, the last good one stays in force');
    },
  });
  const adminAddress = await admin.start();
  const answersAddress = await answers?.start();
  const starting = Promise.all([shared.start(), inForce.decider().start()]);
  const addresses = await server.start();
  const looking = setInterval(look, healthInterval).unref();
  await starting;
  look();
  for (const warning of configuration.warnings) log.warn({}, formatErrors([warning]));
  const where = answersAddress === undefined ? {} : {answers: answersAddress};
  log.info({version, addresses, admin: adminAddress, ...where}, 'Postern answers');

  return {
    addresses,
    admin: adminAddress,
    answers: answersAddress,
    async stop(signal) {
      if (draining) return;
      draining = true;
      log.info({signal}, 'told to end: draining');
      watcher.close();
      aside.close();
      await shadow?.close();
      clearInterval(looking);
      await server.drain();
      await inForce.close();
      queueDelay.close();
      await answers?.close();
      await admin.close();
      await shared.close();
      log.info({}, 'ended');
      await log.flush();
    },
    look: async () => {
      await Promise.all([watcher.look(), shadow?.look()]);
    },
  };
};
