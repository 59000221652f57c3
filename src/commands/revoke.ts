// postern revoke, postern revocations: who is refused from now on, told to every instance.
import {suggestion} from '../config/nearest.ts';
import type {Revocation} from '../core/revocation.ts';
import {type RevocationOrder, revocationOf} from '../core/revocationOrder.ts';
import {adminCall} from './adminCall.ts';
import {withFeed} from './feed.ts';
import {CommandError, settingsOf} from './settings.ts';

export interface RevokeOptions {
  readonly config: string;
  readonly subject?: string;
  readonly tenant?: string;
  readonly session?: string;
  readonly tokenId?: string;
  readonly provider?: string;
  readonly before?: string;
}

/** Through Redis where the configuration has it; else through the admin port of the one process. */
export const revoke = async ({config, session: sessionId, ...given}: RevokeOptions): Promise<void> => {
  const {settings} = await settingsOf(config);
  const order: RevocationOrder = {...given, sessionId};
  const made = revocationOf(order, Date.now(), settings.revocation.keep);
  if ('fault' in made) throw new CommandError(`the revocation ${made.fault}`);
  const {revocation} = made;
  // A misspelt one would refuse nobody, and say that all is well.
  const {provider} = revocation;
  const known = settings.providers.map(({name}) => name);
  if (provider !== undefined && !known.includes(provider)) {
    throw new CommandError(`--provider: there is no provider "${provider}"${suggestion(provider, known)}`);
  }
  if (settings.redis === undefined) await adminCall(settings.admin, 'POST', '/revocations', order);
  else await withFeed(settings, ({publish}) => publish({kind: 'revoke', revocation}));
  process.stdout.write(`revoked: ${textOf(revocation)}\n`);
};

export const revocations = async ({config}: {config: string}): Promise<void> => {
  const {settings} = await settingsOf(config);
  const found =
    settings.redis === undefined
      ? ((await adminCall(settings.admin, 'GET', '/revocations')) as {revocations: readonly Revocation[]}).revocations
      : await withFeed(settings, async ({list}) => list());
  for (const revocation of found) process.stdout.write(`${textOf(revocation)}\n`);
  if (found.length === 0) process.stderr.write('no revocations are in force\n');
};

const textOf = ({before, expires, id: _, ...selectors}: Revocation): string => {
  const by = Object.entries(selectors).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${by.join(' ')} issued before ${iso(before * 1_000)}, kept until ${iso(expires)}`;
};

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
