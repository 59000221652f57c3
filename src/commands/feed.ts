// The revocations in Redis as a command uses them: connect, say or read something, end.
import type {Settings} from '../config/schema.ts';
import {makeRevocationSet, type RevocationSet} from '../core/revocation/revocationSet.ts';
import {faultOf} from '../store/faults.ts';
import {makeRevocationRedis, type RevocationRedis} from '../store/revocationRedis.ts';
import {makeSeal} from '../store/seal.ts';
import {clocks} from '../wiring/clocks.ts';
import {type CommandRedis, connectRedis} from './redis.ts';
import {CommandError} from './settings.ts';

export interface CommandFeed extends RevocationRedis {
  /** All that Redis holds. */
  readAll(): Promise<RevocationSet>;
  failed: CommandRedis['failed'];
}

/** Throws if Redis does not take it: a command has no later in which to try again. */
export const withFeed = async <T>(settings: Settings, use: (feed: CommandFeed) => Promise<T>): Promise<T> => {
  const connection = await connectRedis(settings, 'command');
  const redis = makeRevocationRedis({
    reading: connection,
    writing: connection,
    prefix: connection.prefix,
    seal: makeSeal(settings.redis?.sealKey),
    newMark: clocks.newId,
  });
  const readAll = async () => {
    const set = makeRevocationSet();
    for await (const members of redis.pages()) {
      for (const member of members) {
        const opened = redis.open(member);
        if ('element' in opened) set.add(opened.element, true);
      }
    }
    set.prune((await redis.look()).time);
    return set;
  };
  try {
    return await use({...redis, readAll, failed: connection.failed});
  } catch (error) {
    // Those are bugs here, and said as they are.
    const isOurs = error instanceof CommandError || error instanceof TypeError || error instanceof RangeError;
    throw isOurs ? error : connection.failed(`did not take it (${faultOf(error)})`);
  } finally {
    await connection.close();
  }
};
