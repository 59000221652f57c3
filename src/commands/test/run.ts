// Runs the cases of one file: each request is decided offline, and compared with what its case expects.
import type {Decision} from '../../core/decision.ts';
import type {Snapshot} from '../../core/entitlement.ts';
import type {Principal} from '../../core/principal.ts';
import {headersFrom, type Request} from '../../core/request.ts';
import {revocationOf} from '../../core/revocationOrder.ts';
import {makeRevocationSet} from '../../core/revocationSet.ts';
import type {Configuration} from '../../wiring/decider.ts';
import type {Given} from '../../wiring/given.ts';
import {makeOffline, type Offline, type OfflineFacts} from '../../wiring/offline.ts';
import {CommandError} from '../settings.ts';
import type {CaseFile, TestCase} from './caseFile.ts';
import {type Actual, actualOf, differences} from './compare.ts';
import {tokenWith} from './token.ts';

/** What one case came to. `differences`: a sentence for each thing that is not as expected; none: it passed. */
export interface CaseResult {
  readonly it: string;
  readonly request: Request;
  readonly decision: Decision;
  readonly actual: Actual;
  readonly differences: readonly string[];
}

/** What cases run against, besides the configuration. */
export interface RunParts {
  /** Milliseconds since the epoch, for cases that name no time. */
  readonly now: number;
  readonly snapshot: Snapshot | undefined;
  readonly wrap?: OfflineFacts['wrap'];
}

/** In the order of the file. Rejects with CommandError where a token cannot be made. */
export const runCases = async (
  configuration: Configuration,
  file: CaseFile,
  {now, snapshot, wrap}: RunParts,
): Promise<readonly CaseResult[]> => {
  let moment = file.at ?? now;
  const offline = await makeOffline(configuration, {
    now: () => moment,
    snapshot,
    revocations: revocationsOf(file, now, configuration),
    ...(wrap && {wrap}),
  });
  try {
    const results: CaseResult[] = [];
    for (const one of file.cases) {
      moment = one.at ?? file.at ?? now;
      const tokens = new Map(
        Object.entries(file.tokens).map(([name, claims]) => [name, () => tokenOf(offline, claims, moment)]),
      );
      const request = requestOf(one, (name) => tokens.get(name)?.());
      const answered = await offline.decide(request, givenOf(one, file));
      const actual = actualOf(answered, request);
      results.push({
        it: one.it,
        request,
        decision: answered.decision,
        actual,
        differences: differences(one.expect, actual),
      });
    }
    return results;
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

const givenOf = ({principal}: TestCase, {principals}: CaseFile): Given | undefined =>
  principal === undefined ? undefined : {given: 'principal', principal: principals[principal] as Principal};

/** The claims of a case: `$provider` and `$header` are none. */
const tokenOf = (offline: Offline, given: Readonly<Record<string, unknown>>, now: number): string => {
  const {$header: header, $provider: named, ...claims} = given;
  const extra = typeof header === 'object' && header !== null ? header : {};
  return tokenWith(offline, claims, typeof named === 'string' ? named : undefined, now, extra);
};

const requestOf = (one: TestCase, token: (name: string) => string | undefined): Request => {
  const filled = one.headers.map(([name, value]): [string, string] => [
    name,
    value.replace(/\{([\w-]+)\}/g, (whole, of: string) => token(of) ?? whole),
  ]);
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
