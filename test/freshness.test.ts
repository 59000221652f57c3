// docs/freshness.md: each row of its tables, and each paragraph that promises something, has tests that would fail if it
// were not so. This is the list of them, compared both ways.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

type Proof = readonly [file: string, ...tests: string[]];

const verifiedUntilItsEnd: readonly Proof[] = [
  ['providers/verifiedCache.test.ts', 'are not kept past their end'],
  ['providers/oidc.test.ts', "keeps a verified principal, in a ${far ? 'remote' : 'local'} cache, until exp at most"],
];
const rotated: readonly Proof[] = [
  ['providers/keys.test.ts', 'finds a new key by one fetch', '10,000 random key ids: one fetch a cooldown'],
];
const takenBack: readonly Proof[] = [
  ['providers/keys.test.ts', 'refreshes in the background'],
  ['providers/oidc.test.ts', 'does not count a principal any more once the issuer has taken back the key'],
];
const oneLife: readonly Proof[] = [
  [
    'providers/session.test.ts',
    'counts from when it was asked for, however slow the service and however many instances',
    'an answer counts on to its end while it cannot be asked for again',
  ],
];
const feed = 'functional/redis-faults-feed.test.ts';
const cached = 'entitlements/cached.test.ts';
const lookups = 'entitlements/lookups.test.ts';
const history: Proof = ['history/history.test.ts', 'hold whatever befalls'];
const frontier = 'vendors/frontier.test.ts';
const frontegg = 'vendors/frontegg.test.ts';
const kinde = 'vendors/kinde.test.ts';
const authgear = 'vendors/authgear.test.ts';

const state = 'functional/state.test.ts';

const proofs: Record<string, Record<string, readonly Proof[]>> = {
  '': {
    Revocation: [['functional/instances.test.ts', 'see a revocation and a plan change within a second'], history],
    'Entitlements from a file': [
      ['functional/serve.test.ts', 'a purchase counts without a restart'],
      ['entitlements/file.test.ts', 'follows a ConfigMap'],
      ['answers/changes.test.ts', 'of a file'],
    ],
    'Entitlements over HTTP': [
      [cached, 'fetches again by itself, also after failures', 'what the source confirms is young'],
      ['entitlements/http.test.ts', 'asks with the ETag afterwards'],
      ['functional/redis-faults-entitlements.test.ts', 'a refresh by one is the refresh of all'],
    ],
    'Entitlements in Redis, announced': [
      ['functional/redis-faults-entitlements.test.ts', 'every instance sees a change within a second'],
      ['answers/changes.test.ts', 'of the record in Redis'],
    ],
    'Entitlements in Redis, not announced': [
      [cached, 'lays changes of a tenant over the snapshot, and forgets them with the next whole one'],
    ],
    'Entitlements asked per principal': [
      [lookups, 'stale: served at once, asked again meanwhile', 'having nothing counts for a shorter time'],
    ],
    'End of a grant (`expires`)': [[lookups, 'a grant that ends now']],
    'Any entitlement, source away': [
      [cached, 'by age', 'a fetch that fails keeps the last good ones'],
      [lookups, 'the source away: what is known serves until too old'],
    ],
    '`drop`, entitlements asked per principal': [
      [lookups, 'drops: of a tenant, a subject, everyone; in every layer'],
      [feed, 'a drop reaches all under one mark'],
    ],
    '`drop`, entitlements from a snapshot (file, http, frontegg, redis)': [
      ['functional/instances.test.ts', 'a drop has each fetch'],
    ],
    'A verified token': verifiedUntilItsEnd,
    'Configuration: a changed `postern.yaml`, or a file that it names by `${file:...}`': [
      ['config/reload.test.ts', 'tells of content that changed'],
      [
        'functional/reload.test.ts',
        'swapped 50 times: of 10,000 decisions none is lost, none is a mixture',
        'keys are kept by a change that leaves their provider alone',
      ],
    ],
    'Configuration: `server`, `admin`, `answers`, `redis`, `revocation`, `log`, `state`': [
      ['functional/reload.test.ts', 'what takes a restart is refused'],
    ],
    'An authority taken out of `clientCa` (`server.tls`, `answers.tls`)': [
      ['envoy/server.test.ts', 'an authority that is gone takes its connections with it; one that is added takes none'],
      ['envoy/limits.test.ts', 'a connection ends with the certificate that it was made by'],
      ['answers/listener.test.ts', 'who is being answered gets the answer, and no other'],
    ],
    'Certificate of a listener (`server.tls`, `answers.tls`)': [
      [
        'answers/tls.test.ts',
        'new files count for new connections; what does not fit leaves the last good ones, and is told',
      ],
      [
        'envoy/server.test.ts',
        'takes a new certificate without a restart, and keeps the old one while the pair does not fit',
      ],
    ],
    'Certificates of Redis (`redis.tls`)': [
      ['store/redisTls.test.ts', 'new certificates of a new authority on both sides are used without a restart'],
    ],
    'User name and password of Redis (`${file:...}` and the URL)': [
      ['store/redisTls.test.ts', 'a password that has changed is used without a restart'],
    ],
    'What a vendor says of a credential': [
      [
        'providers/session.test.ts',
        'counts from when it was asked for',
        'in use is asked for again in the last fifth of its life, and nobody waits for it',
        'each waits no longer than its own deadline, and the answer is there for the next',
      ],
    ],
    'What was allowed goes on.': [
      ['functional/clients.test.ts', 'goes on after a revocation (docs/freshness.md says so)'],
    ],
  },
  'The last good things on disk': {
    'Entitlements from disk': [
      ['entitlements/remembered.test.ts', 'serve while the source is away, with their age, until they are too old'],
      [
        state,
        'decides as before, and says so everywhere',
        'by the age that it carries; a clock that went back helps nothing',
      ],
    ],
    'Keys from disk': [
      ['providers/keptKeys.test.ts', 'count while the issuer is away', 'count no more once they are too old'],
      [state, 'a clock that went back helps nothing'],
    ],
    'Keys withdrawn by their issuer': [['providers/keptKeys.test.ts', 'a withdrawal is kept, too']],
    'Revocations from disk': [[state, 'a Redis that comes back empty is given what only the disk knew']],
    'A revocation is on disk': [[state, 'that was acknowledged is known after kill -9, however soon']],
    'Redis dead at the start': [
      [state, 'decides as before, and says so everywhere', 'refuse lets nobody in without Redis, whatever is on disk'],
    ],
    'Files that are not good': [
      [state, 'nothing that is wrong with a file ends the program or lets anybody in'],
      ['state/kept.test.ts', 'every single byte that is changed', 'is ignored, and the log says why'],
    ],
  },
  'How revocation is proven': {
    'By history, not by examples.': [history, ['history/seeded.test.ts', 'fault.name']],
  },
  Revocations: {
    'What is acknowledged.': [
      [
        'functional/revocations.test.ts',
        'that was acknowledged by the ${how} outlives a Redis that is killed at once',
        'by command without an instance that hears it',
      ],
    ],
    nothing: [[feed, 'reaches the others within a second'], history],
    'an instance starts, or starts again': [
      ['functional/revocations.test.ts', 'counts from the first answer of a start'],
      [feed, 'until it has been read nobody is let in'],
    ],
    'connections are cut': [[feed, 'catches up after a connection was cut in the middle'], history],
    'Redis is away, then back': [
      [feed, 'what is said without Redis counts here at once and elsewhere when Redis is back'],
      history,
    ],
    'Redis comes back empty or older, or a replica is promoted that lacks the last changes': [
      [feed, 'is given what any instance knows', 'an older Redis (a dump was restored, a replica lagged)'],
      history,
    ],
    'the set, a part of it or the marker is deleted by hand': [
      [feed, 'Redis is given back what is missing, though no connection breaks'],
    ],
    'something is exchanged by hand for something else, so that the number stays': [
      [feed, 'what other hands exchange, so that the number stays, is put back within ten seconds or so'],
      ['store/store.test.ts', 'is compared anew every ten seconds, or a millisecond for each member'],
    ],
    'Redis is full, read-only, or refuses the user': [
      [feed, 'and what could not be announced is announced afterwards'],
      ['functional/revocations.test.ts', 'needs no more of Redis than docs/operate.md lists'],
    ],
    'a clock steps, in an instance or on the machine of the command': [
      [feed, 'a wall clock a day ahead for a while forgets nothing', 'the clock of Redis gives the moment'],
      ['store/store.test.ts', 'is the later or the earlier of two clocks, whichever steps'],
      history,
    ],
    'What survives.': [
      history,
      ['functional/state.test.ts', 'a Redis that comes back empty is given what only the disk knew'],
      ['functional/revocations.test.ts', 'outlives a Redis that is killed at once'],
    ],
    'Lost.': [[feed, 'lost, onFeedLost: ${', 'with keep until lostAfter, with refuse for good']],
    '`tokenId`, `sessionId`': [['core/revocation/revocation.test.ts', 'without a moment ${']],
    'Whom it refuses.': [
      ['core/revocation/revocation.test.ts', 'decides as looking at every revocation in turn would'],
    ],
    '`subject`, `tenant`, `provider`': [
      ['core/revocation/revocation.test.ts', 'without a moment ${'],
      [
        'functional/revocations.test.ts',
        'of a session refuses its refreshed tokens, of a subject those of an older sign-in',
      ],
    ],
    'anything, for a principal without a time of issue': [
      ['core/revocation/revocation.test.ts', 'issued who knows when'],
    ],
    'How long.': [[feed, 'each element is trimmed at its own end, whatever anybody keeps']],
    'What others write.': [
      [feed, 'what others write is not believed', 'what a newer version has written is honoured where it can be read'],
    ],
    Drops: [[feed, 'what may have been missed is a drop of all']],
  },
  'What tells you which layer answered': {
    '`principals`': [['providers/oidc.test.ts', 'uses what it keeps: a hit needs no key and no signature']],
    '`entitlements`': [
      [
        'functional/layers.test.ts',
        'entitlements asked per principal: memory, Redis, source',
        'entitlements as a snapshot: fresh, stale, too old, and their age',
      ],
    ],
    'those of the providers (`introspection`, ...)': [
      ['providers/introspection.test.ts', 'two instances that share a Redis ask once'],
    ],
  },
  'What Redis may do to a decision': {
    'Redis as a cache is never needed.': [
      ['functional/withRedis.test.ts', 'decides with it, and without it when it crashed'],
      [
        'functional/redis-faults.test.ts',
        'gone at the start: misses at once',
        'full (OOM)',
        'a read-only replica: reads go on',
        'restarted empty',
        'speaking garbage: ${what}',
        'hanging: after a few time-outs the breaker opens, and a miss costs nothing',
        'hanging for long: the connection is given up and made anew',
        'sealed: tampered, moved, prolonged and unsealed entries are misses',
      ],
      ['functional/redis-faults-topologies.test.ts', 'with one node away its keys are misses'],
    ],
    '`kill`': [['functional/redis-faults.test.ts', 'killed and back']],
    '`hang`': [['functional/withRedis.test.ts', 'decides while it hangs']],
  },
  'Standards: oidc, introspection, apiKeys': {
    '`oidc`: rotated signing key': rotated,
    '`oidc`: signing key taken back by the issuer': takenBack,
    '`oidc`: all signing keys taken back (a key set without any)': [
      ['providers/keys.test.ts', 'an issuer that withdraws all its keys', 'an empty key set between good ones'],
    ],
    '`oidc` with a family of issuers: a new tenant': [
      ['providers/issuerFamily.test.ts', 'is asked about once a minute, and counts as soon as it exists'],
    ],
    '`tenants: granted`: a tenant that gets its first grant, or loses its last one': [
      ['providers/issuerFamily.test.ts', 'one that is granted later counts at once'],
      ['wiring/granted.test.ts', 'one that is granted later, within 2 s'],
    ],
    '`jwks.token`: a rotated file': [['config/reload.test.ts', 'or in a file that it names']],
    '`oidc`: disabled user, ended session': verifiedUntilItsEnd,
    '`introspection`: revoked token, disabled user, changed scopes': [
      ['providers/introspection.test.ts', 'a reply for ttl', 'never past exp', 'counts no longer than there'],
    ],
    '`introspection`: token that becomes active': [['providers/introspection.test.ts', '"not active" for two seconds']],
    '`introspection`: issuer away': oneLife,
    '`apiKeys`: key added, removed, disabled, changed': [
      [
        'providers/apiKeys.test.ts',
        'a changed file counts: keys added, disabled, removed',
        'a symbolic link that is swapped',
      ],
    ],
    '`apiKeys`: key ended (`expires`)': [['providers/apiKeys.test.ts', '${what}: ${expected}']],
    '`apiKeys`: file broken or gone': [
      ['providers/apiKeys.test.ts', 'a broken or missing file changes nothing but the health'],
    ],
  },
  Frontier: {
    'Session ended (logout), user disabled or deleted, by cookie': [
      [frontier, 'a session that is ended is refused within ttl.session'],
    ],
    'Secret, opaque token, personal token or assertion key deleted, service user disabled': [
      [frontier, 'a secret within ttl.secret', 'is not kept past the end of an assertion'],
    ],
    'Secret or session that becomes good, user or organisation that is enabled again': [
      [frontier, 'a refusal is remembered for ttl.refused', 'is over in every project, for ttl.refused'],
    ],
    'User disabled or deleted, by access token': verifiedUntilItsEnd,
    'Organisations and project of a session': [[frontier, 'is made once for many, and again when its time is over']],
    'Rotated signing key': [[frontier, 'a rotation is noticed, and a token of the old key is refused']],
    'Signing key taken back': takenBack,
    'Changed cookie keys': [['vendors/frontierCookie.test.ts', 'none of them with the keys of another']],
    'Relation granted or taken away': [
      [frontier, 'are kept for ttl.relation', 'count no longer than ttl.relation in all instances together'],
    ],
    'Frontier away': [...oneLife, [frontier, 'unavailable, and not remembered']],
  },
  Frontegg: {
    'Access token deleted, switched off, or API tokens disabled': [
      [frontegg, 'within ten seconds, and good again within ten', 'a shared cache gives no second life'],
    ],
    'Roles and permissions of an access token changed': [[frontegg, 'asks for both facts, once in ten seconds']],
    'Access token that is new, or active again': [[frontegg, 'good again within ten']],
    'User disabled or deleted, removed from a tenant; API token deleted': verifiedUntilItsEnd,
    'Session cookie: signed out in the Next.js application': [[frontegg, 'a seal is good until its own end']],
    'New signing key': [
      [frontegg, 'come from the key set; a rotation is followed', 'whoever fails while it is fetched waits for it'],
    ],
    'Signing key taken back': takenBack,
    'API key of the environment rotated': [[frontegg, 'a token that Frontegg refuses is replaced']],
    'Plan, grant or flag changed': [
      ['vendors/frontegg-entitlements.test.ts', 'for the snapshot again when that differs'],
      [cached, 'fetches again by itself'],
    ],
    'Frontegg away: users and API tokens': [
      [frontegg, 'a key set that fails after it was there is an outage, and the known keys stay'],
      ['vendors/frontegg-postern.test.ts', 'keeps deciding what it knows while Frontegg hangs'],
    ],
    'Frontegg away: access tokens': [...oneLife, [frontegg, 'instead of the token is an outage, and is not kept']],
  },
  Kinde: {
    'Disabled or deleted user, changed roles, permissions, flags': verifiedUntilItsEnd,
    'Token taken back at Kinde (`/oauth2/revoke` of its account API)': verifiedUntilItsEnd,
    'Rotated signing key': [[kinde, 'a rotated key is found at once']],
    'Signing key taken back': takenBack,
    'Billing: plan or entitlement changed': [[lookups, 'stale: served at once, asked again meanwhile']],
    'API key revoked, disabled, its scopes, user or APIs changed': [
      [
        kinde,
        'a good key is asked about once in five minutes',
        'asked in a second call with the first, and kept as long',
      ],
      ['vendors/kindeShared.test.ts', 'an API key revoked by its id at the first is refused by the second'],
    ],
    'API key rotated: its old secret': [
      [kinde, 'the old one for what is left of five minutes'],
      ['vendors/kindeShared.test.ts', 'a rotated one has the same id: its new secret is refused, too'],
    ],
    'API key made': [[kinde, 'a bad key is asked about each time, so a new one works at once']],
    'Secret of the machine-to-machine application rotated': [
      [kinde, 'a management token that Kinde refuses is fetched anew'],
    ],
  },
  Authgear: {
    '`jwt`: disabled user, ended session, changed roles': verifiedUntilItsEnd,
    '`jwt`: rotated or withdrawn signing key': [...rotated, ...takenBack],
    '`resolver`: disabled user, ended session, changed roles': [
      [
        authgear,
        'a good session is asked about once in its time, however many ask; a disabled user is out then',
        'with ttl 0s none is',
        'two instances share what is known, and neither keeps it anew',
      ],
    ],
    '`resolver`: new sign-in': [[authgear, 'absent and false are both no session']],
    '`resolver`: Authgear away': oneLife,
  },
  'Amazon Cognito': {
    'Disabled or deleted user, global sign-out, revoked refresh token, changed groups': verifiedUntilItsEnd,
    'Sign-in revoked here, by its `origin_jti`': [
      ['vendors/cognitoExample.test.ts', 'ends the tokens of one sign-in, refreshed ones too, and no other sign-in'],
    ],
    'Rotated signing key': [['vendors/cognito.test.ts', 'a rotated key is found at once']],
    'Signing key taken back': takenBack,
    'App client taken out of `clients`': [
      ['vendors/cognito.test.ts', 'what wider settings have verified does not count for narrower ones'],
    ],
    'Cognito away': [['providers/keys.test.ts', 'is an outage: good keys stay, a bad token is never concluded']],
  },
};

const page = readFileSync(join(import.meta.dirname, '../docs/freshness.md'), 'utf8');

/** The first words of each row and paragraph that promises something, by section. */
const promised = (): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>([['', []]]);
  let rows: string[] = found.get('') ?? [];
  let header = false;
  for (const line of page.split('\n')) {
    const [, section] = /^## (.*)$/.exec(line) ?? [];
    if (section !== undefined) {
      rows = [];
      found.set(section, rows);
    }
    const [, cell] = /^\| (.+?) \| /.exec(line) ?? [];
    if (cell !== undefined && header) rows.push(cell);
    header = line.startsWith('|');
    const [, words] = /^\*\*(.+?\.)\*\*/.exec(line) ?? [];
    if (words !== undefined) rows.push(words);
  }
  return found;
};

const source = new Map<string, string>();
const textOf = (file: string): string => {
  const path = join(import.meta.dirname, file);
  assert.ok(existsSync(path), `test/${file} does not exist`);
  const text = source.get(file) ?? readFileSync(path, 'utf8');
  source.set(file, text);
  return text;
};

describe('docs/freshness.md', () => {
  it('each row and each promise has its tests here, and nothing else has', () => {
    for (const [section, rows] of promised()) {
      const here = Object.keys(proofs[section] ?? {});
      for (const row of rows)
        assert.ok(here.includes(row), `${section}: "${row}" has no test in test/freshness.test.ts`);
    }
    for (const [section, rows] of Object.entries(proofs)) {
      assert.ok(section === '' || page.includes(`\n## ${section}\n`), `there is no section ${section}`);
      for (const row of Object.keys(rows)) assert.ok(page.includes(row), `${section}: "${row}" is not on the page`);
    }
  });

  for (const [section, rows] of Object.entries(proofs)) {
    for (const [row, tests] of Object.entries(rows)) {
      it(`${section === '' ? '' : `${section}: `}${row}`, () => {
        for (const [file, ...names] of tests) {
          const lines = textOf(file)
            .split('\n')
            .filter((line) => /\b(?:it|describe)\(|^ +\[?['`"]|^ +\[.*\],?$/.test(line));
          assert.ok(names.length > 0);
          for (const name of names)
            assert.ok(
              lines.some((line) => line.includes(name)),
              `test/${file} has no test "${name}"`,
            );
        }
      });
    }
  }
});
