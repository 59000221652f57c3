// What to give a pod: the memory that the charts ask for, worked out from what was measured.
import {readFileSync} from 'node:fs';
import {parse} from 'yaml';
import type {Results} from './result.ts';

/** What a pod has to hold. */
interface Held {
  readonly tokens: number;
  readonly grants: number;
  readonly revocations: number;
}

/** `usual` is what a pod asks for, `most` what it must survive. */
export interface Pod {
  /** Where the chart says it, from the folder of charts. */
  readonly chart: string;
  readonly usual: Held;
  /** Besides as many tokens as are kept at all, which the case `churn` has seen. */
  readonly most: Omit<Held, 'tokens'>;
}

export const pods: Readonly<Record<string, Pod>> = {
  sidecar: {
    chart: 'postern-sidecar',
    usual: {tokens: 1_000, grants: 10_000, revocations: 1_000},
    most: {grants: 100_000, revocations: 100_000},
  },
  gateway: {
    chart: 'postern',
    usual: {tokens: 5_000, grants: 100_000, revocations: 10_000},
    most: {grants: 500_000, revocations: 500_000},
  },
};

export interface Room {
  /** MiB, rounded up to what one writes. */
  readonly request: number;
  readonly limit: number;
  /** How it was worked out, a line each. */
  readonly steps: {readonly request: string; readonly limit: string};
}

const mebibyte = 2 ** 20;
/** V8 lets garbage grow to some half of what lives before it collects the old. */
const garbage = 1.5;
/** A changed configuration of 1,000 rules, while it is read. */
const reloading = 64;
/** To what figures are rounded up. */
const [ofRequest, ofLimit] = [16, 64];

const roundedUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Undefined: what it takes was not measured. */
export const roomOf = ({usual, most}: Pod, results: Results): Room | undefined => {
  const of = (name: string, what: string) => results[name]?.figures.find((one) => one.what === what)?.value;
  const base = of('floor', 'resident afterwards');
  const churned = of('churn', 'the most later');
  const bytes = {
    token: of('holdings', 'a token in use'),
    grant: of('holdings', 'a grant'),
    revocation: of('holdings', 'a revocation'),
  };
  const {token, grant, revocation} = bytes;
  if (base === undefined || churned === undefined) return undefined;
  if (token === undefined || grant === undefined || revocation === undefined) return undefined;
  const inMebibytes = (many: number) => Math.ceil(many / mebibyte);
  const held = {
    tokens: inMebibytes(usual.tokens * token),
    grants: inMebibytes(usual.grants * grant),
    revocations: inMebibytes(usual.revocations * revocation),
  };
  const atMost = {grants: inMebibytes(most.grants * grant), revocations: inMebibytes(most.revocations * revocation)};
  const request = Math.ceil(base + garbage * (held.tokens + held.grants + held.revocations));
  // Grants are there twice while they are read anew.
  const limit = Math.ceil(churned + garbage * (2 * atMost.grants + atMost.revocations) + reloading);
  return {
    request: roundedUp(request, ofRequest),
    limit: roundedUp(limit, ofLimit),
    steps: {
      request: `${base} + ${garbage} × (${held.tokens} + ${held.grants} + ${held.revocations}) = ${request} MiB`,
      limit: `${churned} + ${garbage} × (2 × ${atMost.grants} + ${atMost.revocations}) + ${reloading} = ${limit} MiB`,
    },
  };
};

/** MiB that the values of a chart ask for. */
export const resourcesOf = (chart: string): Pick<Room, 'request' | 'limit'> => {
  const file = new URL(`../../helm/${chart}/values.yaml`, import.meta.url);
  const {resources} = parse(readFileSync(file, 'utf8')) as {
    readonly resources: {readonly requests: {readonly memory: string}; readonly limits: {readonly memory: string}};
  };
  const of = (written: string): number => {
    const [, number] = /^(\d+)Mi$/.exec(written) ?? [];
    if (number === undefined) throw new Error(`helm/${chart}: ${written} is not written in Mi`);
    return Number(number);
  };
  return {request: of(resources.requests.memory), limit: of(resources.limits.memory)};
};
