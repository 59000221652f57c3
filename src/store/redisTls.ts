// The files of TLS to Redis: read at each connection, and looked at for changes, since certificates are renewed daily somewhere.
import {X509Certificate} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createSecureContext} from 'node:tls';
import type {Health} from '../core/health.ts';
import {makeLastGood} from '../core/lastGood.ts';
import {type TlsFiles, tlsFault} from '../core/tlsFiles.ts';
import {readingFault} from '../core/words/fileFault.ts';
import type {RedisSettings} from './settings.ts';

type Contents = TlsFiles<Buffer>;

/** `options` is read anew by whoever copies it: its members are getters. */
export interface RedisTls {
  readonly options: Contents & {readonly servername?: string};
  /** Whether the files are others than at the last look. */
  changed(): boolean;
  /** How the files were when they were read last. */
  health(): Health;
}

const kinds = ['ca', 'cert', 'key'] as const;
const library = {context: createSecureContext, certificate: (pem: string) => new X509Certificate(pem)};

/**
 * Throws, naming the file, if the first reading fails. Later, what cannot be read or does not fit together (in the middle
 * of a change) leaves the last good files in use.
 */
export const makeRedisTls = (settings: NonNullable<RedisSettings['tls']>): RedisTls => {
  const {servername} = settings;
  const named = kinds.filter((kind) => settings[kind] !== undefined);
  const paths: TlsFiles<string> = Object.fromEntries(named.map((kind) => [kind, settings[kind]]));
  const read = (): Contents => {
    const files: {ca?: Buffer; cert?: Buffer; key?: Buffer} = {};
    for (const kind of named) {
      const path = settings[kind] as string;
      try {
        files[kind] = readFileSync(path);
      } catch (error) {
        throw new Error(`redis.tls.${kind}: ${path} ${readingFault(error)}`);
      }
    }
    const fault = tlsFault(files, paths, library);
    if (fault !== undefined) throw new Error(`redis.tls.${fault.of}: ${fault.message}`);
    return files;
  };
  const state = makeLastGood('redis.tls', Date.now);
  let files = read();
  const fresh = (): Contents => {
    try {
      files = read();
      state.good();
    } catch (error) {
      // The last good ones stay.
      state.failed((error as Error).message);
    }
    return files;
  };
  let seen = files;

  const options: Record<string, unknown> = {};
  for (const kind of named) Object.defineProperty(options, kind, {enumerable: true, get: () => fresh()[kind]});
  if (servername !== undefined) options.servername = servername;
  return {
    options,
    changed() {
      const before = seen;
      seen = fresh();
      return kinds.some((kind) => !same(before[kind], seen[kind]));
    },
    health: () => state.health(),
  };
};

const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.equals(b));
