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
  /** Content-Security-Policy. Default: one that lets nothing load, and nothing show it. */
  readonly policy?: string;
  /** More comes later, after the body: the answer ends when the caller goes away. Not for HEAD. */
  readonly stream?: (out: AdminStream) => void;
}

/** An answer that goes on. */
export interface AdminStream {
  write(text: string): void;
  /** Bytes that the caller has not taken yet. */
  waiting(): number;
  /** Runs once, when the caller has gone or the server ends. */
  closed(run: () => void): void;
}

/** One page. A GET route answers HEAD too. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /**
   * The exact path: `/revocations`; or one with an id as its second segment (letters, digits, - and _): `/decisions/{id}`,
   * `/decisions/{id}/explanation`.
   */
  readonly path: string;
  /** True: only for callers that send the admin token. `configured`: for everybody, but only where there is a token. */
  readonly token: boolean | 'configured';
  /** What it is for, for the index page; '' keeps it out of there. */
  readonly about: string;
  handle(request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

export const json = (status: number, body: unknown): AdminAnswer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(body, null, 2)}\n`,
});
