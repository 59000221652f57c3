// Entitlements as Frontegg keeps them: the whole snapshot, fetched when its offset changes.
import {z} from 'zod';
import type {Aside} from '../../core/aside.ts';
import {jsonOf, type RemoteCall} from '../../core/remote.ts';
import {Unavailable} from '../../core/unavailable.ts';
import type {SnapshotSource} from '../../entitlements/source.ts';
import {makeFronteggApi} from './api.ts';
import type {FronteggSourceSettings} from './settings.ts';
import {type FronteggJob, fronteggPieces, fronteggReading} from './snapshot.ts';

const dependency = 'entitlements';
const folder = '/entitlements/api/v1';

const offsetShape = z.object({snapshotOffset: z.number()});

/**
 * The source `frontegg`. Asks for the offset first; any other than the known one, a lower one too, means another
 * snapshot. What is malformed is an outage, so that the last good snapshot serves on.
 */
export const makeFronteggSource = (
  settings: FronteggSourceSettings,
  parts: {readonly call: RemoteCall; readonly now: () => number; readonly aside?: Aside<FronteggJob>},
): SnapshotSource => {
  const api = makeFronteggApi(settings, parts);
  const {timeout, maxBytes} = settings;
  const {aside = fronteggPieces} = parts;
  return {
    name: 'frontegg',
    where: 'the snapshot of Frontegg',
    async load(known) {
      if (known !== undefined) {
        const answer = await api.call(dependency, `${folder}/vendor-entitlements-snapshot-offset`, {timeout});
        if (versionOf(jsonOf(dependency, answer, offsetShape)) === known) return 'unchanged';
      }
      const answer = await api.call(dependency, `${folder}/vendor-entitlements`, {timeout, maxBytes});
      if (answer.status < 200 || answer.status > 299)
        fail(`${answer.asked} answered with status ${answer.status}${hintOf(answer.status)}`);
      const read = await fronteggReading(aside({read: 'frontegg', text: answer.body})).catch((error: Error) => ({
        fault: error.message,
      }));
      if ('fault' in read) return fail(`the answer of ${answer.asked} ${read.fault}`);
      return {version: versionOf({snapshotOffset: read.offset}), snapshot: read.snapshot};
    },
  };
};

const versionOf = ({snapshotOffset}: {readonly snapshotOffset: number}): string => `offset:${snapshotOffset}`;

/** The vendor's token is good by then, so it is the environment that may not. */
const hintOf = (status: number): string =>
  [402, 403, 404].includes(status)
    ? ': is Entitlements part of what you have bought of Frontegg, and switched on?'
    : '';

const fail = (what: string): never => {
  throw new Unavailable(dependency, new Error(what));
};
