// The setting `answers`: where the application asks what was bought.
import {z} from 'zod';
import {bearerTokens, filePath, listenAddress} from '../config/values.ts';

const uri = /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/i;
const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** A name as certificates have it: whole, for `*` would be anybody whom an authority has signed. */
const client = z
  .string()
  .max(2_048, 'is longer than 2,048 characters')
  .refine(
    (name) => !name.includes('*') && (uri.test(name) || hostName.test(name)),
    'is no name of a certificate: write a whole URI (spiffe://acme.example/ns/shop/sa/orders) or DNS name (orders.shop.svc)',
  )
  .transform((name) => (uri.test(name) ? name : name.toLowerCase()));

const tls = z
  .strictObject({
    cert: filePath.describe('PEM file: the certificate and its chain.'),
    key: filePath.describe('PEM file: the private key of the certificate.'),
    clientCa: filePath
      .exactOptional()
      .describe('PEM file: authorities of client certificates. With it, a client must show one (mutual TLS).'),
  })
  .describe('TLS for those who ask. The files are read again when they change, as those of `server.tls`.');

export const answersSettings = z
  .strictObject({
    listen: listenAddress.describe('Where the application asks: host:port, or unix:///path/to.sock.'),
    tls: tls.exactOptional(),
    trust: z
      .strictObject({
        token: bearerTokens
          .describe(
            'A service that sends this as `Authorization: Bearer` may ask for anybody. A list while it is changed: each counts.',
          )
          .exactOptional(),
        socket: z
          .literal(true)
          .describe('true: whoever may open the socket of `listen` may ask for anybody. Its owner and group may.')
          .exactOptional(),
        clients: z
          .array(client)
          .min(1, 'is an empty list: name at least one, or leave the setting out')
          .max(1_000, 'has more than 1,000 names')
          .describe(
            'A service whose client certificate (`tls.clientCa`) has one of these names may ask for anybody: its URI, such as a SPIFFE ID, or one of its DNS names. The common name is not looked at.',
          )
          .exactOptional(),
      })
      .refine((value) => value.token !== undefined || value.socket !== undefined || value.clients !== undefined, {
        message: 'is empty: give token, socket or clients, or take it out',
      })
      .describe(
        'Services that may ask for anybody, naming tenant and user in the context. Without it each caller asks for itself, by its own token.',
      )
      .exactOptional(),
  })
  .superRefine(({listen, tls: secured, trust}, context) => {
    const add = (part: string, message: string) => context.addIssue({code: 'custom', path: ['trust', part], message});
    if (trust?.socket !== undefined && listen?.kind === 'tcp')
      add('socket', 'trusts whoever reaches a port of the network: listen on unix:///path/to.sock, or use trust.token');
    if (trust?.clients !== undefined && secured?.clientCa === undefined)
      add('clients', 'goes by client certificates, and none are asked for: give answers.tls with a clientCa');
  })
  .describe(
    "Answers for the application: OpenFeature's remote evaluation protocol (OFREP) over the same facts. See docs/guides/answers.md.",
  );

export type AnswersSettings = z.output<typeof answersSettings>;
