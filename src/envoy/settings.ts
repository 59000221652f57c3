// The settings `server` and `responses`: where Envoy asks, and what it is answered.
import {z} from 'zod';

import {defaultListen, duration, filePath, listenAddress, size} from '../config/values.ts';
import {boughtFields, identityFields} from '../core/identityHeaders.ts';
import {type Reason, reasons, refusals} from '../core/refusals.ts';
import {corsSettings, resourceMetadataSettings} from './browser/settings.ts';
import {linkTemplate} from './linkSettings.ts';

const tls = z
  .strictObject({
    cert: filePath.describe('PEM file: the certificate and its chain.'),
    key: filePath.describe('PEM file: the private key of the certificate.'),
    clientCa: filePath
      .optional()
      .describe('PEM file: authorities of client certificates. With it, a client must show one (mutual TLS).'),
  })
  .describe(
    'TLS for callers. The files are read again when they change; a pair that does not fit keeps the last good one.',
  );

export const serverSettings = z
  .strictObject({
    listen: z
      .union([listenAddress.transform((address) => [address]), z.array(listenAddress).min(1, 'is an empty list')], {
        error:
          'is not a listen address, nor a list of them: write host:port, such as 127.0.0.1:9191, or unix:///path/to.sock',
      })
      .prefault(defaultListen.server)
      .describe('Where Envoy asks: host:port or unix:///path/to.sock, or a list of them.'),
    tls: tls.optional(),
    maxMessage: size
      .pipe(z.number().min(16_384, 'must be at least 16KiB').max(67_108_864, 'must be at most 64MiB'))
      .prefault('256KiB')
      .describe(
        'Bytes that a CheckRequest may have. Without a body it has some kilobytes, and never more than the headers that Envoy takes; raise it where the filter sends bodies along (with_request_body). A longer one is answered with RESOURCE_EXHAUSTED, for which the failure policy of Envoy holds.',
      ),
    reflection: z
      .boolean()
      .prefault(false)
      .describe('true: callers may list services and their fields (gRPC reflection), for grpcurl and the like.'),
    drain: duration.prefault('10s').describe('After SIGTERM: how long calls in flight may take to end.'),
    drainDelay: duration
      .prefault('0s')
      .describe('After SIGTERM: how long to say NOT_SERVING and serve on, before the listener closes.'),
  })
  .prefault({})
  .describe('The gRPC side, for Envoy.');

// RFC 9110 section 5.6.2. Never `:path`, `host` or a header that frames the message: identity could else redirect it.
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'is not a header name')
  .refine(
    (name) =>
      !/^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|keep-alive|proxy-connection)$/i.test(
        name,
      ),
    'is a header that frames the request: choose a name of your own, such as x-auth-subject',
  );

const isBoughtSource = (source: string): boolean =>
  (boughtFields as readonly string[]).includes(source) || /^value\..{1,256}$/s.test(source);

const identitySource = z
  .string()
  .refine(
    (source) =>
      (identityFields as readonly string[]).includes(source) ||
      isBoughtSource(source) ||
      /^claims\.[^.]+(\.[^.]+)*$/.test(source),
    `is nothing that a principal has: write one of ${identityFields.join(', ')}, claims.<path>, ${boughtFields.join(', ')}, or value.<feature>`,
  );

const metadataSource = z
  .string()
  .refine(
    (source) => source !== 'grace' && source !== 'plans' && isBoughtSource(source),
    'is nothing that metadata can be asked for: write plan, or value.<feature>',
  );

/** Statuses that Envoy's StatusCode knows; it makes nothing of others. */
const statusOverride = z
  .int()
  .refine(
    (status) => (status >= 400 && status <= 417) || [421, 422, 423, 424, 426, 428, 429, 431].includes(status),
    'is not a status from 400 to 431 that Envoy can send',
  );

// Errors keep their status: a 5xx tells clients to try again, and Envoy's failure policy applies to them anyway.
const denials = reasons.filter((reason) => refusals[reason].kind === 'denial');

export const responsesSettings = z
  .strictObject({
    identity: z
      .record(headerName, identitySource)
      .superRefine((mapping, context) => {
        const seen = new Map<string, string>();
        for (const name of Object.keys(mapping)) {
          const spelling = name.toLowerCase().replaceAll('_', '-');
          const other = seen.get(spelling);
          if (other !== undefined)
            context.addIssue({
              code: 'custom',
              path: [name],
              message: `is the same header as ${other}: keep one of them`,
            });
          seen.set(spelling, name);
        }
      })
      .transform(
        (mapping): ReadonlyMap<string, string> =>
          new Map(Object.entries(mapping).map(([name, source]) => [name.toLowerCase(), source])),
      )
      .prefault({})
      .describe(
        'Headers that tell the upstream who it is: header name to a field of the principal, claims.<path>, or what was bought: plan, plans, grace, value.<feature>. What a client sent under these names, in any spelling, is removed.',
      ),
    metadata: z
      .array(metadataSource)
      .min(1, 'is an empty list: name at least one, or leave the setting out')
      .optional()
      .describe(
        'What of that which was bought stands in dynamic metadata besides what `identity` and `limits` name: plan, value.<feature>.',
      ),
    removeCredential: z
      .boolean()
      .prefault(false)
      .describe('true: the header, cookie or query parameter that held the credential does not reach the upstream.'),
    format: z
      .enum(['problem', 'frontier', 'text'])
      .prefault('problem')
      .describe('The body of a refusal: problem (RFC 9457), frontier ({code, message}) or text.'),
    login: z
      .strictObject({
        url: linkTemplate('url').describe(
          'Where to sign in. `{url}` becomes the address that was asked for, percent-encoded.',
        ),
      })
      .optional()
      .describe(
        "A browser's page load (GET or HEAD) that lacks a good credential is sent here with 302 instead of 401.",
      ),
    upgrade: z
      .strictObject({
        link: linkTemplate('plan', 'feature', 'url')
          .describe(
            'Where to buy. `{plan}` becomes the lowest plan that would do, `{feature}` the feature, `{url}` the address that was asked for, each percent-encoded.',
          )
          .optional(),
      })
      .optional()
      .describe(
        "A refusal of something that was not bought says so: feature, plans (those that would open it, the lowest rank first, none that is hidden) and link in the problem. A browser's page load (GET or HEAD) is sent to the link with 302.",
      ),
    status: z
      .partialRecord(z.enum(denials as [Reason, ...Reason[]]), statusOverride)
      .prefault({})
      .describe('Another 4xx status for a reason: {missing_feature: 402}.'),
    cors: corsSettings.optional(),
    resourceMetadata: resourceMetadataSettings.optional(),
    errors: z
      .enum(['response', 'grpc'])
      .prefault('response')
      .describe(
        'How an outage is told to Envoy: response (error_response, Envoy 1.37 and newer) or grpc (UNAVAILABLE, every Envoy). Either way its failure policy applies.',
      ),
  })
  .prefault({})
  .describe('What Envoy is answered.');

export type ServerSettings = z.output<typeof serverSettings>;
export type ResponseSettings = z.output<typeof responsesSettings>;
export type {ListenAddress} from '../config/values.ts';
