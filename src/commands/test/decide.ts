// Decides the requests of a file of cases, offline: each by its own principal, token and time.

import type {Snapshot} from '../../core/entitlement/entitlement.ts';
import type {Principal} from '../../core/principal.ts';
import {headersFrom, type Request} from '../../core/request/request.ts';
import {revocationOf} from '../../core/revocation/revocationOrder.ts';
import {makeRevocationSet} from '../../core/revocation/revocationSet.ts';
import type {Configuration} from '../../wiring/decider.ts';
import {type Answered, makeOffline, type Offline, type OfflineFacts} from '../../wiring/offline/offline.ts';
import {CommandError} from '../settings.ts';
import type {CaseFile, TestCase} from './caseFile.ts';
import {givenBy} from './credential.ts';
import {tokenWith} from './token.ts';
import {withTokens} from './withTokens.ts';

/** What cases run against, besides the configuration. */
export interface RunParts {
  /** Milliseconds since the epoch, for cases that name no time. */
  readonly now: number;
  readonly snapshot: Snapshot | undefined;
  readonly wrap?: OfflineFacts['wrap'];
}

export interface DecidedCase {
  readonly one: TestCase;
  readonly request: Request;
  readonly answered: Answered;
}

/** In the order of the file. Rejects with CommandError where a token cannot be made. */
export const decideCases = async (
  configuration: Configuration,
  file: CaseFile,
  {now, snapshot, wrap}: RunParts,
): Promise<readonly DecidedCase[]> => {
  let moment = file.at ?? now;
  let revoked = false;
  const known = revocationsOf(file, now, configuration);
  const offline = await makeOffline(configuration, {
    now: () => moment,
    snapshot,
    revocations: {revoked: (principal, tolerance) => revoked || known.revoked(principal, tolerance)},
    ...(wrap && {wrap}),
  });
  const tokenNamed = (name: string): string | undefined => {
    const claims = Object.hasOwn(file.tokens, name) ? file.tokens[name] : undefined;
    return claims && tokenOf(offline, claims, moment);
  };
  try {
    const decided: DecidedCase[] = [];
    for (const one of file.cases) {
      moment = one.at ?? file.at ?? now;
      revoked = one.credential?.revoked === true;
      const request = requestOf(one, tokenNamed);
      const principal = one.principal === undefined ? undefined : (file.principals[one.principal] as Principal);
      decided.push({one, request, answered: await offline.decide(request, givenBy(principal, one.credential))});
    }
    return decided;
  } finally {
    await offline.close();
  }
};

const revocationsOf = ({revocations}: CaseFile, now: number, {settings}: Configuration) => {
  const set = makeRevocationSet();
  for (const [at, order] of revocations.entries()) {
    const made = revocationOf(order, {now, keep: settings.revocation.keep, salt: String(at)});
    if ('fault' in made) throw new CommandError(`revocations[${at}] ${made.fault}`);
    set.add({id: String(at), ...made.revocation});
  }
  return set;
};

/** The claims of a case: `$provider` and `$header` are none. */
const tokenOf = (offline: Offline, given: Readonly<Record<string, unknown>>, now: number): string => {
  const {$header: header, $provider: named, ...claims} = given;
  const extra = typeof header === 'object' && header !== null ? header : {};
  return tokenWith(offline, claims, typeof named === 'string' ? named : undefined, now, extra);
};

const requestOf = (one: TestCase, token: (name: string) => string | undefined): Request => {
  const filled = one.headers.map(([name, value]): [string, string] => [name, withTokens(value, token)]);
  const bearer: [string, string][] = one.token === undefined ? [] : [['authorization', `Bearer ${token(one.token)}`]];
  return {
    kind: 'http',
    id: 'offline',
    method: one.method,
    scheme: one.scheme,
    host: one.host,
    target: one.path,
    headers: headersFrom([...bearer, ...filled]),
    source: {address: '127.0.0.1', principal: ''},
    ...(one.rule !== undefined && {namedRule: one.rule}),
  };
};
