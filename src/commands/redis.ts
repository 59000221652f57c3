// The Redis of the configuration, for a command: connected, or a sentence that says why not.
import type {Settings} from '../config/schema.ts';
import {openRedis, type RedisConnection} from '../store/redis.ts';
import {CommandError} from './settings.ts';

export interface CommandRedis extends RedisConnection {
  readonly prefix: string;
  failed(what: string): CommandError;
}

/** Milliseconds. */
const patience = 5_000;
const commandTimeout = 30_000;

export const connectRedis = async (settings: Settings, purpose: string): Promise<CommandRedis> => {
  if (settings.redis === undefined) {
    const source = settings.entitlements?.source;
    const instead = source?.type === 'file' ? `; of a file, edit ${source.path}, or use grant, ungrant and check` : '';
    throw new CommandError(`this needs the setting \`redis\`: it works on what all instances share; add it${instead}`);
  }
  const connection = openRedis(settings.redis, {purpose, timeout: commandTimeout, random: Math.random});
  const failed = (what: string) => new CommandError(`Redis ${what}: ${connection.fault() ?? 'see its own log'}`);
  const isReady = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), patience);
    connection.onReady(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  if (isReady) return {...connection, prefix: settings.redis.prefix, failed};
  const error = failed('cannot be reached');
  await connection.close();
  throw error;
};
