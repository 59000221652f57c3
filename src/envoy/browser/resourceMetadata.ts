// Where clients learn at whom to get a token for what is protected here (RFC 9728).

import type {Reply} from '../../core/decision.ts';
import {canonicalHost} from '../../core/request/authority.ts';
import {type Request, rawPathOf} from '../../core/request/request.ts';
import type {ResourceMetadataSettings} from './settings.ts';

export interface ResourceMetadata {
  /** The URL of the document that is about what the request asks for; undefined: there is none. For challenges. */
  urlFor(request: Request): string | undefined;
  /** The document itself, if the request asks for it. */
  reply(request: Request): Reply | undefined;
}

const wellKnown = '/.well-known/oauth-protected-resource';

interface Described {
  readonly host: string;
  /** Of the resource, without a slash at the end. */
  readonly path: string;
  readonly url: string;
  readonly document: Reply;
}

/** Public, and asked for by scripts too, whatever `responses.cors` says (RFC 9728 section 3). */
const open = ['access-control-allow-origin', '*'] as const;
const preflight: Reply = {
  kind: 'preflight',
  status: 204,
  headers: [
    open,
    ['access-control-allow-methods', 'GET, HEAD'],
    ['access-control-allow-headers', '*'],
    ['access-control-max-age', '600'],
  ],
  body: '',
};

export const makeResourceMetadata = (resources: ResourceMetadataSettings): ResourceMetadata => {
  // The longest path first: a resource below another is the one that is meant.
  const all = resources.map(describe).sort((a, b) => b.path.length - a.path.length);
  const byPath = Map.groupBy(all, ({path}) => wellKnown + path);
  const of = (host: string | undefined) => (one: Described) => one.host === host;

  return {
    urlFor(request) {
      if (request.kind !== 'http') return undefined;
      const isOfHost = of(canonicalHost(request.host));
      const path = rawPathOf(request.target);
      return all.find((one) => isOfHost(one) && isWithin(path, one.path))?.url;
    },
    reply(request) {
      if (request.kind !== 'http') return undefined;
      const found = byPath.get(rawPathOf(request.target))?.find(of(canonicalHost(request.host)));
      if (found === undefined) return undefined;
      if (request.method === 'GET' || request.method === 'HEAD') return found.document;
      return request.method === 'OPTIONS' && request.headers.has('access-control-request-method')
        ? preflight
        : undefined;
    },
  };
};

const isWithin = (path: string, resource: string): boolean =>
  path.startsWith(resource) && (path.length === resource.length || path[resource.length] === '/');

/** Section 3.1: the well-known path stands between the host and the path of the resource. */
const describe = (settings: ResourceMetadataSettings[number]): Described => {
  const {origin, pathname, host} = new URL(settings.resource);
  const path = pathname.replace(/\/$/, '');
  const {scopes, name, documentation} = settings;
  const body = JSON.stringify({
    resource: settings.resource,
    authorization_servers: settings.authorizationServers,
    ...(scopes !== undefined && {scopes_supported: scopes}),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && {resource_name: name}),
    ...(documentation !== undefined && {resource_documentation: documentation}),
  });
  return {
    host: canonicalHost(host) ?? host,
    path,
    url: origin + wellKnown + path,
    document: {
      kind: 'resource_metadata',
      status: 200,
      headers: [['content-type', 'application/json'], ['cache-control', 'public, max-age=300'], open],
      body,
    },
  };
};
