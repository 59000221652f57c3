// What the explorer shows besides decisions and revocations: the instance, its rules with their hits, providers, caches.
import {type AdminRoute, json} from '../../admin/route.ts';
import type {Health} from '../../core/health.ts';
import {refusals} from '../../core/refusals.ts';
import type {Metrics} from '../../observe/metrics.ts';
import type {RecentDecisions} from '../../observe/recent.ts';
import type {Configuration, Decider} from '../decider.ts';
import {rulesShown} from './rulesShown.ts';

export interface ExplorerParts {
  readonly decider: () => Pick<Decider, 'parts'>;
  readonly configuration: () => Pick<Configuration, 'settings' | 'settingsHash'>;
  readonly metrics: Pick<Metrics, 'read'>;
  readonly health: () => readonly Health[];
  /** Absent: none is kept. */
  readonly recent: Pick<RecentDecisions, 'size'> | undefined;
  readonly now: () => number;
  readonly version: string;
  /** Takes out of JSON what must not be shown. */
  readonly redact: (json: string) => string;
}

/** All of them need the admin token, and read what is there: counts are those of the metrics. */
export const makeExplorerRoutes = (parts: ExplorerParts): readonly AdminRoute[] => {
  const {decider, configuration, metrics, health, recent, now, version, redact} = parts;
  const started = now();
  const told = (body: object) => ({...json(200, {}), body: redact(`${JSON.stringify(body, null, 2)}\n`)});

  const instance = (): object => {
    const [loaded] = metrics.read('postern_config_last_reload_success_timestamp_seconds');
    return {
      version,
      node: process.version,
      started: new Date(started).toISOString(),
      now: new Date(now()).toISOString(),
      configuration: {
        hash: configuration().settingsHash,
        ...(loaded && {loaded: new Date(loaded.value * 1_000).toISOString()}),
      },
      parts: health(),
      ...(recent && {decisions: {kept: recent.size(), most: configuration().settings.admin.decisions}}),
      reasons: Object.fromEntries(
        Object.entries(refusals).map(([reason, {status, sentence}]) => [reason, {status, sentence}]),
      ),
    };
  };

  const providers = (): object => {
    const types = new Map(configuration().settings.providers.map((of) => [of.name, of]));
    return {
      providers: decider().parts.providers.map((provider) => {
        const settings = types.get(provider.name);
        const age = provider.keysAge?.(now());
        const keys = provider.keysShown?.();
        return {
          name: provider.name,
          ...(settings && {type: settings.type}),
          ...(settings !== undefined && 'issuer' in settings && {issuer: settings.issuer}),
          places: provider.places.map(({label}) => label),
          health: provider.health(),
          ...(age !== undefined && {keysAge: Math.round(age * 10) / 10}),
          ...(keys && {
            keys: keys.slice(0, mostKeys),
            ...(keys.length > mostKeys && {moreKeys: keys.length - mostKeys}),
          }),
        };
      }),
    };
  };

  const caches = (): object => {
    const entries = metrics.read('postern_cache_entries');
    const requests = metrics.read('postern_cache_requests_total');
    const names = new Set([...entries, ...requests].map(({labels}) => labels?.cache ?? ''));
    return {
      caches: [...names].sort().map((cache) => ({
        cache,
        entries: entries.find(({labels}) => labels?.cache === cache)?.value,
        requests: requests
          .filter(({labels}) => labels?.cache === cache)
          .map(({labels, value}) => ({layer: labels?.layer, result: labels?.result, count: value})),
      })),
    };
  };

  const page = (path: string, about: string, handle: AdminRoute['handle']): AdminRoute => ({
    method: 'GET',
    path,
    token: true,
    about,
    handle,
  });
  return [
    page('/instance', 'This instance: version, configuration, parts, the meaning of every reason', () =>
      told(instance()),
    ),
    page(
      '/rules',
      'The rules in force, in order, with how often each decided since the start: ?limit=500&after=N',
      ({query}) => {
        const shown = rulesShown(query, configuration().settings.rules, metrics);
        if (typeof shown === 'string') return json(400, {error: 'bad_request', detail: shown});
        return told({since: new Date(started).toISOString(), ...shown});
      },
    ),
    page('/providers', 'Providers: their state, and the keys that they verify with', () => told(providers())),
    page('/caches', 'Caches: entries, and how often each layer knew', () => told(caches())),
  ];
};

/** A family of issuers may have thousands. */
const mostKeys = 200;
