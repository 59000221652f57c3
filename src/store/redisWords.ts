// What is wrong with a connection to Redis, in our words: of what ioredis says, and Redis, and the network.
import {connectionFault, connectionSentence} from '../core/words/connectionFault.ts';
import {replyFault} from '../core/words/redisFault.ts';

/** Our own words. */
export const discarded = 'Redis discarded the transaction';

/** As ioredis says it where a command takes too long. */
const timedOut = 'Command timed out';

/** Redis has not answered a command in time. Whoever guards a connection looks for this name. */
class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/** Rejects unless it is there within so many milliseconds. */
export const inTime = <T>(pending: Promise<T>, milliseconds: number): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(timedOut)), milliseconds);
  return Promise.race([pending, late.promise]).finally(() => clearTimeout(timer));
};

/** What Redis answered stays as it is; what ioredis says of itself is told by what is wrong with the connection. */
export const callError = (error: Error, fault: string | undefined): Error => {
  if (error.name === 'ReplyError') return error;
  if (error.message === timedOut) return new NotInTime('it does not answer in time', {cause: error});
  if (error.message === discarded) return error;
  return new Error(fault ?? connectionFault(error) ?? 'the connection broke', {cause: error});
};

/** A cluster's client hides behind an error of its own what its nodes said last. */
export const inOurWords = (error: Error, last: Error | undefined): string => {
  const {lastNodeError} = error as Error & {readonly lastNodeError?: Error};
  const told = lastNodeError ?? error;
  const cause = /^Connection is closed|slots cache/.test(told.message) ? (last ?? told) : told;
  const said = cause.message;
  const known = connectionFault(cause);
  if (known !== undefined) return known;
  if (/^Socket timeout/.test(said)) return 'it does not answer';
  if (/Failed to refresh slots cache|All nodes failed/i.test(said)) return 'no node of the cluster can be reached';
  if (/^Connection is closed/.test(said)) return 'the connection was closed';
  if (/All sentinels are unreachable/.test(said)) {
    const [, code] = /Last error:.*?\b(E[A-Z_]{3,})\b/.exec(said) ?? [];
    return `no sentinel can be reached${code === undefined ? '' : `: ${connectionSentence({code})}`}`;
  }
  if (/^Protocol error/.test(said) || cause.name === 'ParserError') {
    return 'what answers there does not speak as Redis does: look at host and port, and whether it wants TLS';
  }
  if (/^WRONGPASS|^NOAUTH|invalid username-password/i.test(said))
    return `it refuses the user name or password of the settings (${said.split(' ', 1)[0]})`;
  return cause.name === 'ReplyError' ? replyFault(said) : connectionSentence(cause);
};

/** A server that speaks garbage may echo what it was sent, the password included. */
export const withoutSecrets = (message: string, secrets: readonly string[]): string =>
  secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message).slice(0, 200);
