// Sends a row of the demo, through Envoy or (where there is none) as the question that Envoy would ask.
import {checkRequestOf, makeCheckClient} from '../../test/support/checkClient.ts';
import {type Echoed, valuesOf} from '../../test/support/echo.ts';
import {send} from '../../test/support/http.ts';
import type {Row} from './rows.ts';

/** What became of a row. */
export interface Outcome {
  readonly status: number;
  /** The reason of a refusal, from the problem+json body. */
  readonly reason?: string;
  /** What the service behind was told; absent: it was not reached. */
  readonly received?: string;
  /** Milliseconds. */
  readonly took: number;
}

const headersOf = ({token, headers = []}: Row): [string, string][] => [
  ...(token === undefined ? [] : [['authorization', `Bearer ${token}`] as [string, string]]),
  ...headers.map(([name, value]): [string, string] => [name, value]),
];

/** The identity in words, from every header that claims to tell one, in whatever spelling. */
const identityIn = (headers: Echoed['headers']): string => {
  const held = (name: string) =>
    valuesOf(
      {method: '', url: '', body: '', headers: headers.map(([key, value]) => [key.replaceAll('_', '-'), value])},
      name,
    ).join('+');
  const subject = held('x-auth-subject') || held('x-authgear-user-id');
  if (subject === '') return 'nobody in particular';
  const [tenant, roles] = [held('x-auth-tenant'), held('x-auth-roles') || held('x-authgear-user-roles')];
  return `${subject}${tenant === '' ? '' : ` of ${tenant}`}${roles === '' ? '' : ` (${roles})`}`;
};

const reasonIn = (body: string): string | undefined => {
  try {
    return JSON.parse(body).code;
  } catch {
    return undefined;
  }
};

const refusal = (status: number, body: string, took: number): Outcome => {
  const reason = reasonIn(body);
  return {status, took, ...(reason !== undefined && {reason})};
};

/** Through Envoy, as a client of the service would. */
export const sendThroughEnvoy =
  (port: number) =>
  async (row: Row): Promise<Outcome> => {
    const answer = await send({port, method: row.method ?? 'GET', path: row.path, headers: headersOf(row)});
    if (answer.status !== 200) return refusal(answer.status, answer.body, answer.took);
    return {status: 200, received: identityIn((answer.json() as Echoed).headers), took: answer.took};
  };

/** Straight to Postern over gRPC: the identity is what Postern would have Envoy put into the request. */
export const askPostern = (address: string) => {
  const client = makeCheckClient(address);
  return async (row: Row): Promise<Outcome> => {
    const started = performance.now();
    const response = await client.check(
      checkRequestOf({method: row.method ?? 'GET', path: row.path, headers: headersOf(row)}),
    );
    const took = performance.now() - started;
    if (response.status?.code !== 0) {
      const denied = response.deniedResponse ?? response.errorResponse;
      return refusal(statusNumber(denied?.status?.code), denied?.body ?? '', took);
    }
    const headers = (response.okResponse?.headers ?? []).map(({header}): [string, string] => [
      header.key,
      header.value,
    ]);
    return {status: 200, received: identityIn(headers), took};
  };
};

/** proto-loader names the statuses of Envoy's StatusCode. */
const names: Readonly<Record<string, number>> = {
  Found: 302,
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  InternalServerError: 500,
  ServiceUnavailable: 503,
};
const statusNumber = (code: string | number | undefined): number =>
  typeof code === 'number' ? code : (names[code ?? ''] ?? 403);
