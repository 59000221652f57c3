// Calls to Frontegg's API in the name of the account.
import type {RemoteAnswer, RemoteCall, RemoteRequest} from '../../core/remote.ts';
import {type AccountSettings, baseOf} from './settings.ts';
import {vendorTokenOf} from './vendorToken.ts';

export interface FronteggApi {
  /** Whoever may see it: without the vendor's token. `path` begins with a slash. */
  open(dependency: string, path: string): Promise<RemoteAnswer>;
  /** With the vendor's token; once more with a new one if Frontegg refuses it. Rejects with Unavailable. */
  call(dependency: string, path: string, more?: More): Promise<RemoteAnswer>;
}

type More = Partial<Pick<RemoteRequest, 'method' | 'body' | 'headers' | 'timeout' | 'maxBytes' | 'asks'>>;

export interface FronteggApiParts {
  /** Milliseconds that no step of the wall clock moves. */
  readonly steady?: () => number;
  readonly call: RemoteCall;
  readonly now: () => number;
}

/** Milliseconds that a call with its second attempts may take. What it fetches is for all who wait, so no request's
 * deadline applies: whoever cannot wait so long gives up alone. */
const budget = 8_000;

export const makeFronteggApi = (account: AccountSettings, parts: FronteggApiParts): FronteggApi => {
  const base = baseOf(account);
  const vendorToken = vendorTokenOf(account, parts.call, parts.steady ?? parts.now);
  const host = account.vendorHost === null ? {} : {'frontegg-vendor-host': account.vendorHost};

  const send = async (dependency: string, path: string, {timeout = 3_000, ...more}: More, token: string) => {
    const headers = {...host, ...more.headers, 'x-access-token': token};
    const request = {method: 'GET', ...more, url: base + path, headers, timeout} as const;
    return parts.call(dependency, request, parts.now() + Math.max(budget, timeout));
  };

  return {
    open: (dependency, path) =>
      parts.call(
        dependency,
        {method: 'GET', url: base + path, headers: host, timeout: 5_000, idempotent: false},
        Number.POSITIVE_INFINITY,
      ),
    async call(dependency, path, more = {}) {
      const token = await vendorToken.get(dependency);
      const answer = await send(dependency, path, more, token);
      if (answer.status !== 401 || !vendorToken.refused(token)) return answer;
      return send(dependency, path, more, await vendorToken.get(dependency));
    },
  };
};
