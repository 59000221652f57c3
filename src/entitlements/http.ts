// Entitlements from a service of yours: one GET that answers JSON, with an ETag.
import type {Aside} from '../core/aside.ts';
import type {RemoteCall} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {type EntitlementsJob, readingOf, readPieces} from './reading.ts';
import type {HttpSourceSettings} from './settings.ts';
import type {SnapshotSource} from './source.ts';
import type {Fault} from './text.ts';

const dependency = 'entitlements';

/**
 * The source `http` (docs/entitlements.md). Sends `If-None-Match` with what it has; 304 is `unchanged`. Anything but 200
 * and 304, and what is not the documented JSON, is an outage, and the last good snapshot serves on.
 */
export const makeHttpSource = (
  settings: Omit<HttpSourceSettings, 'type'>,
  call: RemoteCall,
  aside: Aside<EntitlementsJob> = readPieces,
): SnapshotSource => ({
  name: 'http',
  where: 'the entitlement service',
  async load(known) {
    const answer = await call(
      dependency,
      {
        method: 'GET',
        url: settings.url,
        headers: {
          accept: 'application/json',
          ...(settings.token !== undefined && {authorization: `Bearer ${settings.token}`}),
          ...(known?.startsWith('etag:') && {'if-none-match': known.slice('etag:'.length)}),
        },
        timeout: settings.timeout,
        maxBytes: settings.maxBytes,
      },
      Number.POSITIVE_INFINITY,
    );
    if (answer.status === 304 && known !== undefined) return 'unchanged';
    if (answer.status !== 200) fail(`answered with status ${answer.status}`);
    const etag = answer.headers.get('etag')?.[0];
    const marked = etag !== undefined && etag.length <= 256 ? `etag:${etag}` : undefined;
    if (marked !== undefined && marked === known) return 'unchanged';
    // Without an ETag a hash is the mark: changed content is noticed, but is sent whole each time.
    const hashed = known?.startsWith('sha256:') ? known.slice('sha256:'.length) : undefined;
    const read = await readingOf(
      aside({read: 'entitlements', name: 'answer.json', text: answer.body, known: hashed}),
    ).catch(({message}: Error) => fail(`answered with what ${message}`));
    if ('faults' in read) return fail(`answered with what is wrong: ${read.faults.map(describe).join('; ')}`);
    if ('unchanged' in read) return 'unchanged';
    return {...read, version: marked ?? `sha256:${read.version}`};
  },
});

const fail = (what: string): never => {
  throw new Unavailable(dependency, new Error(`the entitlement service ${what}`));
};

const describe = ({line, column, message}: Fault): string =>
  line === undefined || column === undefined ? message : `${message} (${line}:${column})`;
