// What goes wrong at a stand-in: errors, pages, silence, replies that are cut short or mean nothing.
import type {ServerResponse} from 'node:http';

export type Fault =
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      /** For requests alone whose body is such. */
      readonly only?: RegExp;
    }
  | 'html'
  | 'malformed'
  | 'hang'
  | 'cut';

/** Faults that every caller has to take for an outage. */
export const outages: readonly Fault[] = [{status: 500}, {status: 503, body: '{}'}, 'html', 'malformed', 'cut'];

export const makeFaults = () => {
  const at = new Map<string, Fault>();
  return {
    at,
    /** True if the fault of this path has been the answer. */
    applied(path: string, response: ServerResponse, body = ''): boolean {
      const fault = at.get(path);
      if (fault === undefined) return false;
      if (typeof fault === 'object' && fault.only?.test(body) === false) return false;
      // A hanging answer ends with the server.
      if (fault === 'hang') return true;
      if (fault === 'html') response.writeHead(200, {'content-type': 'text/html'}).end('<html>Welcome to nginx</html>');
      else if (fault === 'malformed') response.writeHead(200, {'content-type': 'application/json'}).end('{"a":');
      else if (fault === 'cut') response.writeHead(200, {'content-length': '100'}).write('{', () => response.destroy());
      else response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
      return true;
    },
  };
};
