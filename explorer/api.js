// Asks the port that this page came from. The token stands in this tab's session storage and goes with each call as a
// header: there is no cookie, so no other page can make the browser ask in its place.

const key = 'postern-admin-token';
/** Whatever folder a proxy has put the port into. */
const base = new URL('..', import.meta.url);

/** @type {() => void} */
let refused = () => {};

/** @param {() => void} run called when the token does not open the port any more */
export const onRefused = (run) => {
  refused = run;
};

export const token = () => sessionStorage.getItem(key);
/** @param {string} value */
export const keepToken = (value) => sessionStorage.setItem(key, value);
export const forgetToken = () => sessionStorage.removeItem(key);

/** What was answered instead of what was asked for; the message is a sentence. */
export class Refusal extends Error {
  /** @param {string} message @param {number} status @param {string} error */
  constructor(message, status, error) {
    super(message);
    this.status = status;
    this.error = error;
  }
}

/** @param {string} path @param {Record<string, string | undefined>} [query] */
export const address = (path, query = {}) => {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url;
};

/**
 * @param {string} path relative to the port: `rules`
 * @param {RequestInit & {query?: Record<string, string | undefined>}} [options]
 * @returns {Promise<Response>} one that says yes; rejects with a Refusal
 */
export const ask = async (path, {query, ...options} = {}) => {
  let response;
  try {
    response = await fetch(address(path, query), {
      ...options,
      headers: {authorization: `Bearer ${token() ?? ''}`, ...options.headers},
      cache: 'no-store',
      credentials: 'omit',
    });
  } catch (error) {
    if (/** @type {Error} */ (error).name === 'AbortError') throw error;
    throw new Refusal('Postern does not answer. It may have ended, or the way to its port is closed.', 0, 'away');
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  const refusal = new Refusal(
    said.detail ?? `Postern answered with status ${response.status}.`,
    response.status,
    said.error,
  );
  if (response.status === 401) refused();
  throw refusal;
};

/** @param {string} path @param {Record<string, string | undefined>} [query] @returns {Promise<any>} */
export const get = async (path, query) => (await ask(path, query === undefined ? {} : {query})).json();

/** @param {'POST' | 'DELETE'} method @param {string} path @param {object} body @returns {Promise<any>} */
export const send = async (method, path, body) =>
  (await ask(path, {method, body: JSON.stringify(body), headers: {'content-type': 'application/json'}})).json();
