// Decisions as data: how a file of test/cases is read, and the ways on which its requests are sent.

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {parse} from 'yaml';
import {withTokens} from '../../src/commands/test/withTokens.ts';
import {loadSettings} from '../../src/config/load.ts';
import type {Request} from '../../src/core/request/request.ts';
import {makeDecider} from '../../src/wiring/decider.ts';
import {makeShared} from '../../src/wiring/shared.ts';
import {checkRequestOf, makeCheckClient} from './checkClient.ts';
import {type Echoed, valuesOf} from './echo.ts';
import {send} from './http.ts';
import type {IdentityProvider} from './identityProvider.ts';
import {temporaryFolder} from './ports.ts';
import {writeFiles} from './postern.ts';

/** The ways of a request, from the inside out. */
export const ways = ['process', 'grpc', 'envoy'] as const;
export type Way = (typeof ways)[number];

/** What should be decided. Absent parts are not looked at. */
export interface Expected {
  readonly outcome: 'allow' | 'deny' | 'error';
  readonly reason?: string;
  /** By name; seen in process only. */
  readonly rule?: string;
  readonly status?: number;
  /** Part of what the log says of a refusal; seen in process only. */
  readonly detail?: string;
  /** What the service behind is told; null: the header must be absent. Seen over gRPC and behind Envoy. */
  readonly identity?: Readonly<Record<string, string | null>>;
  /** Members of the problem; null: there must be none. Seen over gRPC and behind Envoy. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Parts of headers of a refusal. Seen over gRPC and behind Envoy. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Case {
  readonly it: string;
  readonly method?: string;
  readonly path: string;
  readonly host?: string;
  /** Name of a token, sent as a bearer. */
  readonly token?: string;
  /** Pairs; `{name}` in a value becomes that token, `{name|1/3}` the first third of it, `{name|base64url}` it written so. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly rule?: string;
  readonly expect: Expected;
  /** Only on these ways: Envoy itself refuses some requests, or changes them. */
  readonly via?: readonly Way[];
}

export interface CaseFile {
  readonly title: string;
  /** Settings of Postern; `providers` is one named `acme` of the tests' identity provider unless given. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly entitlements?: object;
  /** Claims by name; a text `now-60` or `now+60` becomes that time, null leaves a usual claim out. `$header`: its header. */
  readonly tokens?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly cases: readonly Case[];
}

/** What was decided, as far as the way shows it. */
export interface Decided {
  readonly outcome: 'allow' | 'deny' | 'error';
  readonly reason?: string | undefined;
  readonly rule?: string | undefined;
  readonly detail?: string | undefined;
  readonly status?: number | undefined;
  readonly headers?: ReadonlyMap<string, string>;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly identity?: (name: string) => string | null;
}

export type Decide = (asked: Case) => Promise<Decided>;

/** A file of test/cases, `{issuer}` in its settings and tokens filled in. */
export const readCases = (file: string, issuer: string): CaseFile =>
  parse(readFileSync(file, 'utf8').replaceAll('{issuer}', issuer)) as CaseFile;

const moment = (value: unknown): unknown => {
  const [, sign, seconds] = (typeof value === 'string' && /^now([+-])(\d+)$/.exec(value)) || [];
  if (sign === undefined) return value;
  return Math.floor(Date.now() / 1_000) + Number(`${sign}${seconds}`);
};

/** Signs every token of a file. */
export const signTokens = async (
  {tokens = {}}: CaseFile,
  identityProvider: IdentityProvider,
): Promise<ReadonlyMap<string, string>> => {
  const signed = new Map<string, string>();
  for (const [name, {$header, ...claims}] of Object.entries(tokens)) {
    const timed = Object.entries(claims).map(([claim, value]) => [claim, value === null ? undefined : moment(value)]);
    const options = $header === undefined ? {} : {header: $header as object};
    signed.set(name, await identityProvider.sign(Object.fromEntries(timed), options));
  }
  return signed;
};

/** The headers of a case, tokens filled in. */
const headersOf = ({token, headers = []}: Case, tokens: ReadonlyMap<string, string>): [string, string][] => {
  const filled = headers.map(([name, value]): [string, string] => [name, withTokens(value, (of) => tokens.get(of))]);
  if (token === undefined) return filled;
  const value = tokens.get(token);
  if (value === undefined) throw new Error(`There is no token ${token}`);
  return [['authorization', `Bearer ${value}`], ...filled];
};

/** Decides in this process, by the parts that the program is wired from. */
export const makeProcessWay = async (
  settings: object,
  files: Readonly<Record<string, string | object>>,
  tokens: ReadonlyMap<string, string>,
): Promise<{decide: Decide; stop(): Promise<void>}> => {
  const folder = temporaryFolder();
  writeFiles(folder, {'postern.yaml': {...settings, log: {level: 'silent'}}, ...files});
  const loaded = await loadSettings(join(folder, 'postern.yaml'));
  if (loaded.settings === undefined) throw new Error(JSON.stringify(loaded.errors, null, 2));
  const shared = await makeShared(loaded.settings, () => []);
  const decider = await makeDecider(loaded, shared);
  await decider.start();
  return {
    decide: async (asked) => {
      const headers = new Map<string, string>();
      for (const [name, value] of headersOf(asked, tokens)) {
        const key = name.toLowerCase();
        const joined = key === 'cookie' ? '; ' : ',';
        headers.set(key, headers.has(key) ? `${headers.get(key)}${joined}${value}` : value);
      }
      const request: Request = {
        kind: 'http',
        id: '1',
        method: asked.method ?? 'GET',
        scheme: 'http',
        host: asked.host ?? 'localhost',
        target: asked.path,
        headers,
        source: {address: '127.0.0.1', principal: ''},
        ...(asked.rule !== undefined && {namedRule: asked.rule}),
      };
      const decision = await decider.check(request, {id: 'd', now: Date.now(), deadline: Number.POSITIVE_INFINITY});
      const {outcome, rule, detail} = decision;
      const reason = decision.outcome === 'deny' ? decision.reason : undefined;
      const isOutage = reason === 'unavailable' || reason === 'deadline';
      return {outcome: isOutage ? 'error' : outcome, reason, rule, detail};
    },
    stop: async () => {
      await decider.close();
      await shared.close();
    },
  };
};

const problemIn = (body: string | undefined): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(body ?? '');
  } catch {
    return undefined;
  }
};
const reasonIn = (body: string | undefined): string | undefined => problemIn(body)?.code as string | undefined;

/** Decides by asking a running Postern as Envoy does. */
export const makeGrpcWay = (address: string, tokens: ReadonlyMap<string, string>): {decide: Decide; stop(): void} => {
  const client = makeCheckClient(address);
  return {
    decide: async (asked) => {
      const {method, path, host, rule} = asked;
      const headers = headersOf(asked, tokens);
      const response = await client.check(
        checkRequestOf({
          path,
          headers,
          ...(method !== undefined && {method}),
          ...(host !== undefined && {host}),
          ...(rule !== undefined && {contextExtensions: {rule}}),
        }),
      );
      const allowed = response.status?.code === 0 ? response.okResponse : undefined;
      if (response.status?.code === 0) {
        const told = new Map((allowed?.headers ?? []).map(({header}) => [header.key, header.value]));
        return {outcome: 'allow', identity: (name) => told.get(name) ?? null};
      }
      const refused = response.deniedResponse ?? response.errorResponse;
      return {
        outcome: response.errorResponse === undefined ? 'deny' : 'error',
        reason: reasonIn(refused?.body),
        body: problemIn(refused?.body),
        headers: new Map((refused?.headers ?? []).map(({header}) => [header.key.toLowerCase(), header.value])),
      };
    },
    stop: () => client.close(),
  };
};

/** Decides by sending the request through a real Envoy. */
export const makeEnvoyWay = (port: number, tokens: ReadonlyMap<string, string>): Decide => {
  return async (asked) => {
    const host: [string, string][] = asked.host === undefined ? [] : [['host', asked.host]];
    const answer = await send({
      port,
      method: asked.method ?? 'GET',
      path: asked.path,
      headers: [...host, ...headersOf(asked, tokens)],
    });
    const {status, headers} = answer;
    if (status === 200) {
      const echoed: Echoed = answer.json();
      const spelled = {
        ...echoed,
        headers: echoed.headers.map(([name, value]) => [name.replaceAll('_', '-'), value] as const),
      };
      return {outcome: 'allow', status, identity: (name) => valuesOf(spelled, name).join(' AND ') || null};
    }
    const body = problemIn(answer.body);
    return {outcome: status >= 500 ? 'error' : 'deny', status, headers, body, reason: reasonIn(answer.body)};
  };
};
