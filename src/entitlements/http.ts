// Entitlements from a service of yours: one GET that answers JSON, with an ETag.
import type {RemoteCall} from '../core/remote.ts';
import {Unavailable} from '../core/unavailable.ts';
import {describeFinding, readDocument} from './document.ts';
import type {HttpSourceSettings} from './settings.ts';
import type {SnapshotSource} from './source.ts';

const dependency = 'entitlements';

/**
 * The source `http` (docs/entitlements.md). Sends `If-None-Match` with what it has; 304 is `unchanged`. Anything but 200
 * and 304, and what is not the documented JSON, is an outage, and the last good snapshot serves on.
 */
export const makeHttpSource = (settings: Omit<HttpSourceSettings, 'type'>, call: RemoteCall): SnapshotSource => ({
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
    const read = await readDocument(parse(answer.body));
    if ('findings' in read)
      return fail(`answered with what is wrong: ${read.findings.map(describeFinding).join('; ')}`);
    const etag = answer.headers.get('etag')?.[0];
    const version = etag !== undefined && etag.length <= 256 ? `etag:${etag}` : await digest(answer.body);
    return version === known ? 'unchanged' : {version, snapshot: read.snapshot, whole: read.whole};
  },
});

const fail = (what: string): never => {
  throw new Unavailable(dependency, new Error(`the entitlement service ${what}`));
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return fail('answered with what is not JSON');
  }
};

/** The mark of an answer without ETag: changed content is noticed, but is sent whole each time. */
const digest = async (body: string): Promise<string> => {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body));
  return `sha256:${Buffer.from(bytes).toString('base64url')}`;
};
