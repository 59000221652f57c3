// The files of TLS to Redis: read at each connection, and looked at for changes, since certificates are renewed daily somewhere.
import {readFileSync} from 'node:fs';
import {createSecureContext} from 'node:tls';
import type {RedisSettings} from './settings.ts';

interface Files {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** `options` is read anew by whoever copies it: its members are getters. */
export interface RedisTls {
  readonly options: {readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer; readonly servername?: string};
  /** Whether the files are others than at the last look. */
  changed(): boolean;
}

/**
 * Throws, naming the file, if the first reading fails. Later, what cannot be read or does not fit together (in the middle
 * of a change) leaves the last good files in use.
 */
export const makeRedisTls = (settings: NonNullable<RedisSettings['tls']>): RedisTls => {
  const {servername} = settings;
  const read = (): Files => {
    const files: Record<string, Buffer> = {};
    for (const name of ['ca', 'cert', 'key'] as const) {
      const path = settings[name];
      if (path === undefined) continue;
      try {
        files[name] = readFileSync(path);
      } catch (error) {
        throw new Error(`redis.tls.${name}: cannot read ${path}: ${(error as Error).message}`);
      }
    }
    return files;
  };
  let files = read();
  const fresh = (): Files => {
    try {
      const next = read();
      createSecureContext(next);
      files = next;
    } catch {
      // The last good ones stay.
    }
    return files;
  };
  let seen = files;

  const options: Record<string, unknown> = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (settings[name] === undefined) continue;
    Object.defineProperty(options, name, {enumerable: true, get: () => fresh()[name]});
  }
  if (servername !== undefined) options.servername = servername;
  return {
    options,
    changed() {
      const before = seen;
      seen = fresh();
      return (['ca', 'cert', 'key'] as const).some((name) => !same(before[name], seen[name]));
    },
  };
};

const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.equals(b));
