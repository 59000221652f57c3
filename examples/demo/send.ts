// Sends a row of the demo, through Envoy or (where there is none) as the question that Envoy would ask.
import {checkRequestOf, makeCheckClient} from '../../test/support/checkClient.ts';
import {type Echoed, valuesOf} from '../../test/support/echo.ts';
import {send} from '../../test/support/http.ts';
import type {RateLimits} from '../../test/support/rateLimits.ts';
import type {Row} from './rows.ts';

/** What became of a row. */
export interface Outcome {
  readonly status: number;
  /** The reason of a refusal, from the problem+json body. */
  readonly reason?: string;
  /** What the service behind was told; absent: it was not reached. */
  readonly received?: string;
  /** What was told of that which was bought: to the service, to Envoy's rate limit, to the application, or to whom was refused. */
  readonly bought?: string;
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

/** Plan and seats, as the service behind is told them. */
const boughtIn = (headers: Echoed['headers']): string | undefined => {
  const told = {method: '', url: '', body: '', headers};
  const [[plan], [seats]] = [valuesOf(told, 'x-plan'), valuesOf(told, 'x-seats')];
  return plan === undefined ? undefined : `${plan}: ${seats} seats`;
};

/** A problem (RFC 9457): its reason, and the plans that would open what was refused. */
const refusal = (status: number, body: string, took: number): Outcome => {
  const {code, plans} = problemIn(body);
  return {
    status,
    took,
    ...(code !== undefined && {reason: code}),
    ...(plans !== undefined && {bought: `opened by: ${plans.join(', ')}`}),
  };
};

const problemIn = (body: string): {readonly code?: string; readonly plans?: readonly string[]} => {
  try {
    return JSON.parse(body);
  } catch {
    return {};
  }
};

const told = (bought: string | null | undefined) => (bought ? {bought} : {});

/** Through Envoy, as a client of the service would. `limits`: what Envoy asks to count. */
export const sendThroughEnvoy =
  (port: number, limits?: RateLimits) =>
  async (row: Row): Promise<Outcome> => {
    const asked = limits?.asked.length;
    const answer = await send({port, method: row.method ?? 'GET', path: row.path, headers: headersOf(row)});
    const limit = asked === limits?.asked.length ? undefined : limits?.last()?.limit;
    const counted = limit && `Envoy counts to ${limit.requests_per_unit} a ${limit.unit?.toLowerCase()}`;
    // Envoy's own refusal has no body.
    if (answer.status !== 200) return {...refusal(answer.status, answer.body, answer.took), ...told(counted)};
    const {headers} = answer.json() as Echoed;
    return {status: 200, received: identityIn(headers), took: answer.took, ...told(counted ?? boughtIn(headers))};
  };

/** What the application asks, over OpenFeature's remote evaluation protocol. */
export const askAnswers =
  (url: string) =>
  async (row: Row): Promise<Outcome> => {
    const {port} = new URL(url);
    const answer = await send({
      port: Number(port),
      method: 'POST',
      path: row.path,
      headers: headersOf(row),
      body: '{}',
    });
    const {value, variant} = answer.json();
    const {status, took} = answer;
    return {status, took, received: 'the application asks', bought: `${row.flag} = ${value} (${variant})`};
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
    return {status: 200, received: identityIn(headers), took, ...told(boughtIn(headers))};
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
