// Entitlements in Redis as a command uses them: connected, and its trouble in words.
import {Unavailable} from '../../core/unavailable.ts';
import {readVersion} from '../../entitlements/recordRead.ts';
import {type CommandRedis, connectRedis} from '../redis.ts';
import {CommandError, settingsOf} from '../settings.ts';

/** Throws CommandError for every trouble with Redis or with what it holds. */
export const withRecord = async <T>(config: string, use: (redis: CommandRedis) => Promise<T>): Promise<T> => {
  const {settings} = await settingsOf(config);
  const redis = await connectRedis(settings, 'command');
  const type = settings.entitlements?.source.type;
  if (type !== 'redis') {
    const said = type === undefined ? 'is not set' : `is ${type}`;
    process.stderr.write(
      `note: entitlements.source ${said}: Postern decides by what Redis holds only with type: redis\n`,
    );
  }
  try {
    return await use(redis);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    throw new CommandError(`entitlements in Redis: ${why}`);
  } finally {
    await redis.close();
  }
};

/** Throws CommandError if nothing has ever been loaded: an empty answer would look like one. */
export const needVersion = async (redis: CommandRedis): Promise<void> => {
  if ((await readVersion(redis, redis.prefix)) !== undefined) return;
  throw new CommandError('Redis holds no entitlements: run postern entitlements load FILE');
};
