// What the HTTP side is made of: a table of routes, each a function from request to answer.

/** A request, read whole. Everything in it is unverified. */
export interface AdminRequest {
  readonly method: string;
  /** As it was asked for; decoded by nobody. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** At most 64 KiB, as UTF-8; '' if there is none. */
  readonly body: string;
}

export interface AdminAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** One page. A GET route answers HEAD too. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** The exact path: `/revocations`; or `/revocations/{id}`, where one segment of letters, digits, - and _ follows. */
  readonly path: string;
  /** True: only for callers that send the admin token. */
  readonly token: boolean;
  /** What it is for, for the index page. */
  readonly about: string;
  handle(request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

export const json = (status: number, body: unknown): AdminAnswer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body, null, 2)}\n`,
});
