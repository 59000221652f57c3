// postern validate: checks the configuration, and says every error at once.
import {access, constants, readFile} from 'node:fs/promises';
import {review} from '../config/advice.ts';
import {formatErrors} from '../config/load.ts';
import type {Settings} from '../config/schema.ts';
import {unsoldPermissions, unsoundHead} from '../entitlements/sound.ts';
import {readText} from '../entitlements/text.ts';
import {askedBy} from '../wiring/entitlements.ts';
import {settingsOf} from './settings.ts';

export const validate = async ({config}: {config: string}): Promise<void> => {
  const {settings, warnings} = await settingsOf(config, review);
  if (warnings.length > 0) process.stderr.write(`${formatErrors(warnings)}\n`);
  for (const {setting, path} of filesOf(settings)) {
    // Only said: on the machine that checks, secrets and mounted files may rightly be absent.
    const reason = await access(path, constants.R_OK).then(() => undefined, describe);
    if (reason !== undefined) process.stderr.write(`${config}: ${setting}: ${path} ${reason}; serve will need it\n`);
  }
  for (const sentence of await entitlementsReview(settings)) process.stderr.write(`${config}: ${sentence}\n`);
  const {rules, providers} = settings;
  process.stdout.write(`${config}: good: ${count(rules.length, 'rule')}, ${count(providers.length, 'provider')}\n`);
};

/** What is wrong with a file of entitlements that is there, by itself and for these rules; only said, too. */
const entitlementsReview = async ({entitlements, rules}: Settings): Promise<readonly string[]> => {
  if (entitlements === undefined) return [];
  const asked = askedBy(rules);
  const {source} = entitlements;
  if (source.type === 'kinde' || source.type === 'frontier') return unsoldPermissions({features: new Map()}, asked);
  if (source.type !== 'file') return [];
  const bytes = await readFile(source.path).catch(() => undefined);
  if (bytes === undefined) return [];
  const read = await readText(source.path, bytes);
  if ('faults' in read) {
    return read.faults.map(({line, column, message}) =>
      [source.path, line, column, ` ${message}`].filter((part) => part !== undefined).join(':'),
    );
  }
  const unsound = unsoundHead(read.snapshot, asked.features, read.whole);
  return [
    ...(unsound === undefined ? [] : [`${source.path} ${unsound}; serve will not take it over`]),
    ...unsoldPermissions(read.snapshot, asked),
  ];
};

/** The files that the settings name, and that are read when it serves. */
const filesOf = ({server, redis, entitlements, providers}: Settings): readonly {setting: string; path: string}[] => {
  const named: readonly (readonly [string, string | undefined])[] = [
    ['server.tls.cert', server.tls?.cert],
    ['server.tls.key', server.tls?.key],
    ['server.tls.clientCa', server.tls?.clientCa],
    ['redis.tls.ca', redis?.tls?.ca],
    ['redis.tls.cert', redis?.tls?.cert],
    ['redis.tls.key', redis?.tls?.key],
    ['entitlements.source.path', entitlements?.source.type === 'file' ? entitlements.source.path : undefined],
    ...providers.map((one, at) => [`providers[${at}].file`, 'file' in one ? one.file : undefined] as const),
  ];
  return named.flatMap(([setting, path]) => (path === undefined ? [] : [{setting, path}]));
};

const describe = (error: NodeJS.ErrnoException): string =>
  error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code})`;

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
