// When could an instance surely read Redis, and write to it? From a history: spans without any disturbance.
import {type Dataset, type Event, type Life, timeOf} from './history.ts';

/** From `from` until before `to`, nothing stood between this life and this content of Redis. */
export interface Reach {
  readonly life: Life;
  readonly dataset: Dataset;
  readonly from: number;
  readonly to: number;
  /** It begins with the life. */
  readonly whole: boolean;
}

export interface Reaches {
  readonly reading: readonly Reach[];
  readonly writing: readonly Reach[];
}

export const instanceOf = (life: Life): string => life.split('#')[0] ?? '';

/** Anything that could disturb ends a span, also where it probably did not. */
export const reachesOf = (events: readonly Event[]): Reaches => {
  const living = new Map<Life, number>();
  const closed = new Set<string>();
  let dataset: Dataset | undefined;
  let redis: 'open' | 'read-only' | 'away' = 'away';
  const begun = {reading: new Map<Life, number>(), writing: new Map<Life, number>()};
  const done: {reading: Reach[]; writing: Reach[]} = {reading: [], writing: []};
  const ways = ['reading', 'writing'] as const;

  const end = (way: 'reading' | 'writing', life: Life, at: number) => {
    const from = begun[way].get(life);
    begun[way].delete(life);
    if (from === undefined || dataset === undefined || from >= at) return;
    done[way].push({life, dataset, from, to: at, whole: from === living.get(life)});
  };
  const endAll = (at: number) => {
    for (const way of ways) for (const life of [...begun[way].keys()]) end(way, life, at);
  };
  /** Ends what does not hold any more, begins what holds now. */
  const look = (at: number) => {
    for (const life of living.keys()) {
      const reads = dataset !== undefined && redis !== 'away' && !closed.has(instanceOf(life));
      const holds = {reading: reads, writing: reads && redis === 'open'};
      for (const way of ways) {
        if (holds[way] && !begun[way].has(life)) begun[way].set(life, at);
        if (!holds[way]) end(way, life, at);
      }
    }
  };

  for (const event of [...events].sort((one, other) => timeOf(one) - timeOf(other))) {
    switch (event.kind) {
      case 'born':
        living.set(event.life, event.at);
        look(event.at);
        break;
      case 'dead':
        for (const way of ways) end(way, event.life, event.at);
        living.delete(event.life);
        break;
      case 'way':
        if (event.open) closed.delete(event.instance);
        else closed.add(event.instance);
        // A cut is a way that is open before and after.
        for (const life of living.keys()) {
          if (instanceOf(life) === event.instance) for (const way of ways) end(way, life, event.at);
        }
        look(event.at);
        break;
      case 'redis':
        redis = event.state;
        look(event.at);
        break;
      case 'dataset':
        endAll(event.at);
        dataset = event.dataset;
        look(event.at);
        break;
      case 'stall':
        for (const life of living.keys()) {
          if (event.life !== undefined && event.life !== life) continue;
          for (const way of ways) {
            const from = begun[way].get(life);
            end(way, life, event.at);
            if (from !== undefined) begun[way].set(life, Math.max(from, event.end));
          }
        }
        break;
    }
  }
  endAll(Number.POSITIVE_INFINITY);
  return done;
};
