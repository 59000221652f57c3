// The settings `responses.cors` and `responses.resourceMetadata`: what scripts and clients need to get on after a no.
import {z} from 'zod';
import {besideMistakes, duration, httpUrl, text, texts} from '../../config/values.ts';
import {isInsecureUrl} from '../../core/insecureUrl.ts';

const defaultPorts: Readonly<Record<string, string>> = {http: '80', https: '443'};

/** RFC 6454 section 7: scheme, host, port; the first label of the host may be `*`. As browsers write it. */
const originPattern = z
  .string()
  .refine(
    (written) =>
      written === 'null' ||
      written === '*' ||
      /^[a-z][a-z0-9+.-]*:\/\/(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d{1,5})?$/i.test(written) ||
      /^[a-z][a-z0-9+.-]*:\/\/\[[0-9a-f:.]+\](:\d{1,5})?$/i.test(written),
    'is not an origin: write scheme, host and port alone, such as https://app.acme.example or https://*.acme.example (* is one label), or null',
  )
  .refine(
    (written) => !/:\/\/\*\.[^.]+$/.test(written) || /:\/\/\*\.localhost(:\d+)?$/i.test(written),
    'would take every site below a top-level domain: name a domain of your own',
  )
  .transform((written) => {
    const origin = written.toLowerCase();
    const [, scheme = '', port] = /^([a-z][a-z0-9+.-]*):.*?(?::(\d+))?$/.exec(origin) ?? [];
    return port !== undefined && defaultPorts[scheme] === port ? origin.slice(0, -port.length - 1) : origin;
  });

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'is not a header name');
const headerNames = z.array(headerName).max(100, 'has more than 100 names');

const preflight = z
  .strictObject({
    methods: z
      .array(z.string().regex(/^[A-Z][A-Z-]{0,31}$/, 'is not a method such as GET'))
      .min(1, 'is an empty list: name a method')
      .default(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
      .describe('Methods that scripts may use.'),
    headers: headerNames.default(['authorization', 'content-type']).describe('Headers that scripts may send.'),
    maxAge: duration.prefault('10m').describe('How long a browser may remember the answer.'),
  })
  .describe(
    'Answers preflights of the listed origins that no rule lets through. Absent: they are requests like others, which a rule with `methods: [OPTIONS]` lets through to whoever answers them.',
  );

export const corsSettings = z
  .strictObject({
    origins: z
      .array(originPattern)
      .min(1, 'is an empty list: name an origin, or leave cors out')
      .describe(
        'Origins whose scripts may read refusals: `https://app.acme.example`, `https://*.acme.example` (`*` is exactly one label), `null`; or `*` for all of them, without credentials.',
      ),
    credentials: z
      .boolean()
      .default(false)
      .describe('true: also for requests that a browser sends cookies with (Access-Control-Allow-Credentials).'),
    headers: headerNames
      .default(['www-authenticate', 'retry-after'])
      .describe('Headers of a refusal that scripts may read, besides those that they may always read.'),
    preflight: preflight.optional(),
  })
  .superRefine(({origins, credentials}, context) => {
    if (!Array.isArray(origins) || credentials !== true) return;
    for (const [at, origin] of origins.entries()) {
      if (origin !== '*' && origin !== 'null') continue;
      const message = `is everybody's, which cannot go with credentials: true: name the origins`;
      context.addIssue({code: 'custom', path: ['origins', at], message});
    }
  }, besideMistakes)
  .describe('What refusals carry so that scripts of other origins can read them (CORS).');

const resource = z
  .strictObject({
    resource: httpUrl
      .refine((url) => URL.parse(url)?.search === '', 'has a query: take it out')
      .describe('The resource identifier: the URL by which clients know it, such as `https://mcp.acme.example/mcp`.'),
    authorizationServers: z
      .array(httpUrl)
      .min(1, 'is an empty list: name the issuer at which clients get tokens')
      .describe('Issuers at which clients get tokens for it.'),
    scopes: texts.optional().describe('Scopes that exist (`scopes_supported`).'),
    name: text.optional().describe('What people call it (`resource_name`).'),
    documentation: httpUrl.optional().describe('Where developers read about it (`resource_documentation`).'),
  })
  .superRefine(({resource: url, authorizationServers}, context) => {
    const message = 'is http: to another machine: clients believe https: alone (RFC 9728 section 1.2)';
    if (isInsecureUrl(String(url))) context.addIssue({code: 'custom', path: ['resource'], message});
    if (!Array.isArray(authorizationServers)) return;
    for (const [at, server] of authorizationServers.entries())
      if (isInsecureUrl(String(server)))
        context.addIssue({code: 'custom', path: ['authorizationServers', at], message});
  }, besideMistakes);

export const resourceMetadataSettings = z
  .union([resource.transform((one) => [one]), z.array(resource).min(1, 'is an empty list: leave it out')])
  .superRefine((resources, context) => {
    const urls = resources.map((one) => URL.parse(one.resource)?.href.replace(/\/$/, ''));
    for (const [at, url] of urls.entries())
      if (urls.indexOf(url) < at) context.addIssue({code: 'custom', path: [at, 'resource'], message: 'is given twice'});
  })
  .describe(
    'Protected resource metadata (RFC 9728), or a list of them: served at the well-known path of each unless a rule lets that path through, and named in challenges (`resource_metadata`).',
  );

export type CorsSettings = z.output<typeof corsSettings>;
export type ResourceMetadataSettings = z.output<typeof resourceMetadataSettings>;
