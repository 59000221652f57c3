// The settings `redis` and `revocation`.
import {z} from 'zod';
import {duration, filePath, sealKeys, secret, text} from '../config/values.ts';

const hostAndPort = z
  .string()
  .regex(
    /^(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):\d{1,5}$/,
    'is not host:port: write a host name or address and a port, such as redis-0:6379',
  )
  .refine((value) => Number(value.slice(value.lastIndexOf(':') + 1)) <= 65_535, 'has a port above 65535')
  .transform((value) => {
    const colon = value.lastIndexOf(':');
    return {host: value.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(value.slice(colon + 1))};
  });

const nodes = z.array(hostAndPort).min(1, 'is an empty list: name at least one node as host:port');

const redisUrl = z
  .string()
  .refine((value) => {
    const url = URL.parse(value);
    return (
      url !== null &&
      (url.protocol === 'redis:' || url.protocol === 'rediss:') &&
      url.hostname !== '' &&
      /^(\/\d{0,3})?$/.test(url.pathname) &&
      url.search === '' &&
      url.hash === ''
    );
  }, 'is not a Redis URL: write redis://host:6379/0, or rediss:// for TLS')
  .meta({writeOnly: true});

const tls = z
  .strictObject({
    ca: filePath
      .describe('PEM file with the certificate authority of the Redis servers. Default: the public ones.')
      .optional(),
    cert: filePath.describe('PEM file with the client certificate, where Redis asks for one.').optional(),
    key: filePath.describe('PEM file with the key of the client certificate.').optional(),
    servername: text.describe('Name that the certificate must bear, where it is not the host name.').optional(),
  })
  .refine((value) => (value.cert === undefined) === (value.key === undefined), {
    message: 'has a client certificate without its key, or the other way round: give cert and key together',
  });

const sentinel = z.strictObject({
  master: text.describe('Name under which the Sentinels know the master.'),
  nodes: nodes.describe('The Sentinels, each as host:port.'),
  username: text.describe('ACL user for the Sentinels themselves.').optional(),
  password: secret.describe('Password for the Sentinels themselves.').optional(),
});

/** `redis`: exactly one of `url`, `cluster`, `sentinel`. Absent as a whole: everything stays in the process's memory. */
export const redisSettings = z
  .strictObject({
    url: redisUrl.describe('One server: redis://user:password@host:6379/0, rediss:// for TLS.').optional(),
    cluster: nodes.describe('Redis Cluster: some of its nodes as host:port; the others are discovered.').optional(),
    sentinel: sentinel.describe('A master found through Sentinels.').optional(),
    username: text.describe('ACL user. Default: the one in the URL, else the default user.').optional(),
    password: secret.describe('Password. Default: the one in the URL.').optional(),
    tls: tls
      .describe(
        'TLS to Redis: {} for the public authorities. With url it needs rediss://, which alone turns TLS on too.',
      )
      .optional(),
    prefix: z
      .string()
      .max(100, 'is longer than 100 characters')
      .regex(/^[^\s{}*?[\]\\]*$/, 'has white space or one of { } * ? [ ] \\, which mean something in Redis keys')
      .describe('Every key starts with it, so that several programs can share a Redis.')
      .prefault('postern:'),
    timeout: duration
      .pipe(z.number().min(1, 'must be at least 1ms'))
      .describe('What a call to Redis may take on the way of a request; after it, the answer counts as a miss.')
      .prefault('50ms'),
    sealKey: sealKeys
      .describe(
        'Secret of all instances. Cached entries carry an HMAC-SHA256 under it; one that was tampered with is a miss. Without it, whoever can write to this Redis can forge them. A list while it is changed: the first seals, each opens.',
      )
      .optional(),
  })
  .superRefine((settings, context) => {
    const given = [settings.url, settings.cluster, settings.sentinel].filter((place) => place !== undefined).length;
    if (given !== 1) {
      context.addIssue({code: 'custom', message: 'needs exactly one of url, cluster and sentinel', path: []});
    }
    if (settings.url !== undefined && settings.tls !== undefined && !settings.url.startsWith('rediss:')) {
      context.addIssue({
        code: 'custom',
        message: 'has TLS settings, and the URL begins with redis://: write rediss://',
        path: ['url'],
      });
    }
  });

/** The setting `redis`, checked. Times in milliseconds. */
export type RedisSettings = z.output<typeof redisSettings>;

/** `revocation`. */
export const revocationSettings = z.strictObject({
  onFeedLost: z
    .enum(['keep', 'refuse'])
    .describe(
      'While the feed of revocations is lost: keep deciding with those known (a new revocation is not seen), or refuse everyone as unavailable. A process that has not read the revocations yet lets nobody in: with keep until Redis has given nothing for lostAfter, with refuse until it has read them.',
    )
    .prefault('keep'),
  lostAfter: duration
    .describe('How long the revocations in Redis may be out of reach before the feed counts as lost.')
    .prefault('5s'),
  keep: duration
    .pipe(z.number().min(60_000, 'must be at least 1m'))
    .describe(
      'How long a new revocation is kept: longer than any token or session that it refuses can live. Each has its own end, so a change here shortens none that was made before.',
    )
    .prefault('24h'),
});

/** The setting `revocation`, checked. Times in milliseconds. */
export type RevocationSettings = z.output<typeof revocationSettings>;
