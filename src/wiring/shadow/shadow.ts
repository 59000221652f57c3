// The next configuration, beside the one in force: it decides each request once more, after the answer, and is compared.
import type {Loaded} from '../../config/load.ts';
import {formatErrors} from '../../config/load.ts';
import type {Check, CheckContext, Decision} from '../../core/decision.ts';
import type {Health} from '../../core/health.ts';
import type {Request} from '../../core/request/request.ts';
import {bytesHeldBy} from '../../envoy/headerLines.ts';
import {makeDifferences} from '../../observe/differences.ts';
import type {Configuration} from '../decider.ts';
import {type Deciding, makeDeciding} from '../deciding.ts';
import type {Shared} from '../shared.ts';
import {makeAfterwards} from './afterwards.ts';
import {makeShadowShared} from './shared.ts';

export interface Shadow {
  /** The same check, whose decisions are looked at afterwards. */
  beside(check: Check): Check;
  /** Takes a configuration over, or says why not. One at a time. */
  change(loaded: Loaded): Promise<void>;
  health(): readonly Health[];
  close(): Promise<void>;
}

export interface ShadowParts {
  readonly shared: Shared;
  /** Milliseconds that calls wait before they are seen. */
  readonly queueDelay: () => number;
  /** Told of a configuration before its parts are made: its secrets are left out of the log from then on. */
  readonly learned: (secrets: readonly string[]) => void;
}

interface Asked {
  readonly request: Request;
  readonly context: CheckContext;
  readonly decision: Decision;
}

interface Next {
  readonly deciding: Deciding;
  readonly check: Check;
  readonly shared: Shared;
}

/** Milliseconds that a shadow's decision may take: nobody waits for it. */
const patience = 5_000;
/** Milliseconds for which what is replaced lives on, for the decisions that began with it. */
const afterlife = patience;
/** Milliseconds of delay from which requests come first. */
const pressing = 5;

const part = 'shadow configuration';

export const makeShadow = ({shared, queueDelay, learned}: ShadowParts): Shadow => {
  const {clocks, log, metrics} = shared;
  const told = makeDifferences(metrics, log, clocks.steady);
  const retired = new Set<Next>();
  let next: Next | undefined;
  let refusal: string | undefined;
  let closed = false;

  const afterwards = makeAfterwards<Asked>({
    pressed: () => queueDelay() > pressing,
    dropped: () => metrics.shadowed('dropped'),
    bytesOf: ({request}) => bytesHeldBy(request.headers) + 2 * request.target.length,
    run: async ({request, context, decision}) => {
      if (next === undefined) return;
      try {
        // As of the same moment, for whom time has made a difference is no difference.
        const as = {id: context.id, now: context.now, deadline: clocks.now() + patience};
        told({id: context.id, request, decision, next: await next.check(request, as)});
      } catch (error) {
        metrics.shadowed('failed');
        log.error({decision: context.id, err: error}, 'a bug: the shadow configuration could not decide');
      }
    },
  });

  const end = async ({deciding, shared: own}: Next): Promise<void> => {
    await deciding.close();
    await own.close();
  };
  const retire = (one: Next | undefined): void => {
    if (one === undefined) return;
    retired.add(one);
    clocks.after(afterlife, () => retired.delete(one) && void end(one));
  };

  const refuse = (errors: readonly string[]): void => {
    const kept = next === undefined ? 'nothing is compared' : 'the last good one goes on being compared';
    log.error({errors}, `the shadow configuration is bad: ${kept}`);
    const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    refusal = `The shadow configuration is bad, and ${kept}: ${errors[0]}${others}`;
  };

  const make = async (configuration: Configuration): Promise<Next> => {
    const own = makeShadowShared(configuration.settings, shared);
    const deciding = makeDeciding(configuration.settings, own);
    const made = {deciding, check: await deciding.compile(), shared: own};
    await deciding.start();
    return made;
  };

  return {
    beside: (check) => async (request, context) => {
      const decision = await check(request, context);
      afterwards.offer({request, context, decision});
      return decision;
    },
    async change(loaded) {
      if (closed) return;
      if (loaded.settings === undefined) return refuse(formatErrors(loaded.errors).split('\n'));
      const errors = notHere(loaded, shared);
      if (errors.length > 0) return refuse(errors);
      learned(loaded.secrets);
      const made = await make(loaded).catch((error: Error) => error);
      if (made instanceof Error) return refuse([made.message]);
      if (closed) return end(made);
      retire(next);
      next = made;
      refusal = undefined;
      log.info({hash: loaded.settingsHash}, 'each decision is compared with what the shadow configuration would say');
    },
    health() {
      if (refusal !== undefined) return [{part, state: 'degraded', detail: refusal}];
      const {providers, entitlements} = next?.deciding ?? {providers: [], entitlements: undefined};
      const parts = [...providers.flatMap((provider) => provider.health()), ...(entitlements?.health() ?? [])];
      const away = parts.filter(({state}) => state === 'unready');
      if (away.length === 0) return [{part, state: 'ready'}];
      const detail = `Of the shadow configuration: ${away.map((one) => `${one.part}: ${one.detail ?? one.state}`).join(' ')}`;
      return [{part, state: 'degraded', detail}];
    },
    async close() {
      closed = true;
      afterwards.close();
      await Promise.all([...retired, ...(next === undefined ? [] : [next])].map(end));
    },
  };
};

/** Redis is that of the process. */
const notHere = ({settings}: Configuration, {redis}: Shared): readonly string[] =>
  settings.entitlements?.source.type === 'redis' && redis === undefined
    ? ['entitlements.source: type redis needs the setting redis in the configuration in force, too']
    : [];
