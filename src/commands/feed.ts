// The feed as a command uses it: connect, say or read something, end.
import type {Settings} from '../config/schema.ts';
import type {FeedMessage, Revocation} from '../core/revocation.ts';
import {makeRevocationIndex} from '../core/revocation.ts';
import {makeFeed} from '../store/feed.ts';
import {makeSeal} from '../store/seal.ts';
import {clocks} from '../wiring/shared.ts';
import {connectRedis} from './redis.ts';

export interface CommandFeed {
  /** Throws if Redis does not take it: a command has no later in which to try again. */
  publish(message: FeedMessage): Promise<void>;
  /** The revocations in force. */
  list(): Promise<readonly Revocation[]>;
}

export const withFeed = async <T>(settings: Settings, use: (feed: CommandFeed) => Promise<T>): Promise<T> => {
  const connection = await connectRedis(settings, 'command');
  const {now, random, sleep} = clocks;
  const feed = makeFeed({
    redis: {
      reading: connection,
      writing: connection,
      prefix: connection.prefix,
      seal: makeSeal(settings.redis?.sealKey),
    },
    settings: settings.revocation,
    now,
    random,
    sleep,
  });
  const index = makeRevocationIndex();
  feed.onMessage((message) => {
    if (message.kind === 'revoke') index.add(message.revocation);
  });
  try {
    return await use({
      async publish(message) {
        const {announced} = await feed.publish(message);
        if (!announced) throw connection.failed('did not take the message');
      },
      async list() {
        await feed.start();
        if (feed.lost()) throw connection.failed('could not be read');
        index.prune(now());
        return index.list();
      },
    });
  } finally {
    await feed.close();
    await connection.close();
  }
};
