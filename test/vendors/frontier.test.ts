// The frontier provider against a stand-in for Frontier, in both generations of its API.
import assert from 'node:assert/strict';
import {hash, randomBytes, randomUUID} from 'node:crypto';
import fc from 'fast-check';
import {makeCredentialFinder} from '../../src/core/credential/credential.ts';
import type {Principal} from '../../src/core/principal.ts';
import {makeRevocationSet} from '../../src/core/revocation/revocationSet.ts';
import {Unavailable} from '../../src/core/unavailable.ts';
import {makeOidcProvider} from '../../src/providers/oidc.ts';
import {oidcSettings} from '../../src/providers/oidcSettings.ts';
import type {Authentication, Provider} from '../../src/providers/provider.ts';
import type {KeptPrincipal} from '../../src/providers/verifiedCache.ts';
import {makeLayeredCache} from '../../src/store/layered.ts';
import {makeMemoryCache} from '../../src/store/memory.ts';
import {makeFrontierProvider} from '../../src/vendors/frontier/provider.ts';
import {sealKeyOf, unseal} from '../../src/vendors/frontier/sealed.ts';
import {frontierSettings} from '../../src/vendors/frontier/settings.ts';
import type {VendorParts} from '../../src/vendors/vendor.ts';
import {testRemote} from '../remote/servers.ts';
import {request} from '../support/requests.ts';
import {outages} from '../support/vendors/faults.ts';
import {
  codes,
  cookieKeys,
  type Frontier,
  type Generation,
  own,
  paths,
  refusalOf,
  type Subject,
  startFrontier,
} from '../support/vendors/frontier.ts';
import {makeSigningKey} from '../support/vendors/signing.ts';

const never = Number.POSITIVE_INFINITY;
const ada: Subject = {id: randomUUID(), type: 'app/user', organizations: ['org-1'], email: 'ada@acme.example'};
const bob: Subject = {id: randomUUID(), type: 'app/user', organizations: ['org-1', 'org-2']};
const robot: Subject = {id: randomUUID(), type: 'app/serviceuser', organizations: ['org-1']};
const pat: Subject = {id: randomUUID(), type: 'app/pat', organizations: ['org-1'], owner: ada.id};
const personal = `fpt_${randomBytes(32).toString('base64url')}`;
const secret = 'cred-1:canary-secret';
const opaque = `cred-2:${randomBytes(32).toString('hex')}`;
const basic = (text: string) => ({authorization: `Basic ${Buffer.from(text).toString('base64')}`});
const bearer = (token: string) => ({authorization: `Bearer ${token}`});

for (const api of ['connect', 'rest'] as const satisfies readonly Generation[]) {
  describe(`the frontier provider, ${api}`, () => {
    let frontier: Frontier;
    let remote: ReturnType<typeof testRemote>;
    const open: Provider[] = [];
    let later = 0;
    let warnings: object[] = [];
    let session = '';
    const now = () => Date.now() + later;
    const assertionKey = makeSigningKey('cred-3');

    beforeEach(async () => {
      frontier = await startFrontier(api);
      remote = testRemote({circuit: {failures: 1_000_000, shortest: 1, longest: 1}, random: () => 0});
      later = 0;
      warnings = [];
      session = randomUUID();
      frontier.sessions.set(session, ada);
      frontier.secrets.set(secret, robot);
      frontier.secrets.set(opaque, robot);
      frontier.personalTokens.set(personal, pat);
      frontier.assertionKeys.set('cred-3', {subject: robot, key: await assertionKey});
    });
    afterEach(async () => {
      for (const provider of open.splice(0)) await provider.close?.();
      await remote.close();
      await frontier.close();
    });

    const makeParts = (): VendorParts => ({
      call: remote.call,
      cache: makeMemoryCache<KeptPrincipal>({entries: 1_000}, now),
      makeCache: (name) =>
        makeLayeredCache<never>({name, memory: makeMemoryCache<never>({entries: 1_000}, now)}) as never,
      now,
      random: () => 0.5,
      after: (milliseconds, run) => {
        const timer = setTimeout(run, milliseconds).unref();
        return () => clearTimeout(timer);
      },
      log: {info: () => {}, warn: (fields) => void warnings.push(fields)},
    });
    const make = (settings: object = {}, parts = makeParts()): Provider => {
      const provider = makeFrontierProvider(
        frontierSettings.parse({
          type: 'frontier',
          name: 'fr',
          url: frontier.url,
          api,
          session: cookieKeys,
          ...(api === 'connect' && own),
          ...settings,
        }),
        parts,
      );
      open.push(provider);
      return provider;
    };
    const refusal = (code: keyof typeof codes) => ({
      status: codes[code][0],
      body: JSON.stringify(refusalOf(api, code)),
    });
    /** As check.ts does: the credential that counts, then the provider's word on it. */
    const ask = async (
      provider: Provider,
      headers: Record<string, string>,
      deadline = never,
    ): Promise<Authentication> => {
      const asked = request('/', {headers});
      const found = makeCredentialFinder([provider])(asked);
      if (found.found !== 'credential') {
        const reasons = {
          nothing: 'no_credential',
          unsupported: 'unsupported_credential',
          duplicate: 'duplicate_credential',
          malformed: 'malformed_credential',
        } as const;
        return {rejected: reasons[found.found]};
      }
      return provider.authenticate(found.credential, {request: asked, now: now(), deadline});
    };
    const verified = (answer: Authentication): Principal => {
      assert.ok(answer.verified, `refused: ${answer.rejected}`);
      return answer.verified;
    };
    const relate = async (
      provider: Provider,
      headers: Record<string, string>,
      permission = 'get',
      resource = 'app/project:p1',
    ) => {
      const asked = request('/', {headers});
      const found = makeCredentialFinder([provider])(asked);
      assert.ok(found.found === 'credential');
      const context = {request: asked, now: now(), deadline: never};
      const answer = await provider.authenticate(found.credential, context);
      return provider.related?.(verified(answer), found.credential, {permission, resource}, context);
    };
    const wordOn = (answer: Authentication): string => answer.rejected ?? `${answer.verified?.subject}`;
    const cookie = (of = session, seconds?: number) => ({cookie: `theme=dark; sid=${frontier.cookie(of, seconds)}`});
    const assertion = async (claims: object = {}, header: object = {}) =>
      (await assertionKey).sign({iss: 'robot', sub: robot.id, kid: 'cred-3', jti: randomUUID(), ...claims}, header);

    describe('whom a credential stands for', () => {
      it('an access token: everything that it says, without asking for anything but keys', async () => {
        const provider = make();
        const token = await frontier.token(ada, {sid: session, project_id: 'p1'});
        const who = verified(await ask(provider, bearer(token)));
        const {claims, issuedAt, expiresAt, tokenId, ...rest} = who;
        assert.deepEqual(rest, {
          provider: 'fr',
          kind: 'user',
          subject: ada.id,
          tenant: 'org-1',
          roles: [],
          permissions: [],
          scopes: [],
          email: 'ada@acme.example',
          sessionId: session,
          amr: [],
        });
        assert.ok(tokenId && issuedAt && expiresAt);
        assert.equal(claims.project_id, 'p1');
        await ask(provider, bearer(token));
        assert.deepEqual([frontier.count('keys'), frontier.count('token')], [1, 0]);
      });

      const rows: readonly [
        what: string,
        headers: () => Promise<Record<string, string>>,
        who: Subject,
        kind: 'user' | 'service',
      ][] = [
        ['an access token in x-user-token', async () => ({'x-user-token': await frontier.token(ada)}), ada, 'user'],
        ['an access token of a service user', async () => bearer(await frontier.token(robot)), robot, 'service'],
        ['a scheme in another case', async () => ({authorization: `bEARER ${await frontier.token(ada)}`}), ada, 'user'],
        [
          'x-user-token needs no jti',
          async () => ({'x-user-token': await frontier.token(ada, {jti: undefined})}),
          ada,
          'user',
        ],
        ['a token without gen', async () => bearer(await frontier.token(ada, {gen: undefined})), ada, 'user'],
        [
          'a token of before sub_type',
          async () => bearer(await frontier.token(ada, {sub_type: undefined})),
          ada,
          'user',
        ],
        ['a session', async () => cookie(), ada, 'user'],
        ['a service user by Basic', async () => basic(secret), robot, 'service'],
        ['a service user by an opaque token', async () => basic(opaque), robot, 'service'],
        ['a personal token', async () => bearer(personal), pat, 'user'],
        ['a personal token in x-user-token', async () => ({'x-user-token': personal}), pat, 'user'],
        ['an assertion', async () => bearer(await assertion()), robot, 'service'],
        [
          'an assertion in x-user-token',
          async () => ({'x-user-token': await assertion({jti: undefined})}),
          robot,
          'service',
        ],
      ];
      for (const [what, headers, who, kind] of rows) {
        it(what, async () => {
          const principal = verified(await ask(make(), await headers()));
          assert.deepEqual([principal.subject, principal.kind, principal.provider], [who.id, kind, 'fr']);
        });
      }

      it('a personal token, as its owner where the settings say so', async () => {
        const who = verified(await ask(make({personalTokens: {subject: 'owner'}}), bearer(personal)));
        assert.equal(who.subject, ada.id);
        assert.equal(who.claims.auth_via, 'pat');
      });

      it('another prefix of personal tokens', async () => {
        frontier.personalTokens.set('acme_0123456789', pat);
        const provider = make({personalTokens: {prefix: 'acme_'}});
        assert.equal(verified(await ask(provider, bearer('acme_0123456789'))).subject, pat.id);
        assert.equal((await ask(provider, bearer(personal))).rejected, 'unsupported_credential');
      });

      it('a session whose token does not name it: the cookie does', async () => {
        frontier.namesSession = false;
        assert.equal(verified(await ask(make(), cookie())).sessionId, session);
      });

      it('what is exchanged can be revoked by what the client holds, not by the token of the moment', async () => {
        const provider = make();
        const at = Math.floor(Date.now() / 1_000) - 1_000;
        const signed = await assertion({iat: at, jti: 'a1'});
        const rows: readonly [Record<string, string>, object][] = [
          [cookie(session, at), {sessionId: session, tokenId: undefined, issuedAt: at}],
          [basic(secret), {sessionId: undefined, tokenId: 'cred-1', issuedAt: undefined}],
          [bearer(personal), {sessionId: undefined, tokenId: pat.id, issuedAt: undefined}],
          [bearer(signed), {sessionId: undefined, tokenId: 'a1', issuedAt: at}],
        ];
        const revocations = makeRevocationSet();
        for (const subject of [ada.id, robot.id, pat.id]) {
          revocations.add({id: subject, subject, at: Date.now(), expires: never});
        }
        for (const [headers, expected] of rows) {
          const {sessionId, tokenId, issuedAt} = verified(await ask(provider, headers));
          assert.deepEqual({sessionId, tokenId, issuedAt}, expected);
        }
        // Exchanged again, after the revocation.
        later = 61_000;
        for (const [headers] of rows) assert.ok(revocations.revoked(verified(await ask(provider, headers))));
        const next = cookie(session, Math.floor(Date.now() / 1_000) + 10);
        assert.ok(!revocations.revoked(verified(await ask(provider, next))), 'signed in again');
      });

      it('a personal token outlives a revocation of its owner, and not one of its own id', async () => {
        const rows: readonly [stands: 'token' | 'owner', revoked: string, isRevoked: boolean][] = [
          ['token', ada.id, false],
          ['token', pat.id, true],
          ['owner', ada.id, true],
        ];
        for (const [subject, revoked, isRevoked] of rows) {
          const provider = make({personalTokens: {subject}});
          const revocations = makeRevocationSet();
          revocations.add({id: 'r1', subject: revoked, at: Date.now(), expires: never});
          for (const headers of [bearer(personal), bearer(await frontier.token(pat, {iat: 1}))]) {
            assert.equal(revocations.revoked(verified(await ask(provider, headers))), isRevoked, subject);
          }
        }
      });

      it('the same principal for the same token, so that what is made of it is kept', async () => {
        const provider = make();
        const headers = cookie();
        assert.equal(verified(await ask(provider, headers)), verified(await ask(provider, headers)));
      });

      const tenants: readonly [setting: string, claims: object, tenant: string | undefined][] = [
        ['organization', {org_ids: 'o1'}, 'o1'],
        ['organization', {org_ids: ' o1 ,'}, 'o1'],
        ['organization', {org_ids: 'o1,o2'}, undefined],
        ['organization', {org_ids: ''}, undefined],
        ['organization', {org_ids: undefined}, undefined],
        ['organization', {org_ids: ['o1']}, undefined],
        ['project', {org_ids: 'o1', project_id: 'p1'}, 'p1'],
        ['project', {org_ids: 'o1'}, undefined],
        ['none', {org_ids: 'o1', project_id: 'p1'}, undefined],
      ];
      for (const [tenant, claims, expected] of tenants) {
        it(`tenant: ${tenant} of ${JSON.stringify(claims)} is ${expected}`, async () => {
          const who = verified(await ask(make({tenant}), bearer(await frontier.token(ada, claims))));
          assert.equal(who.tenant, expected);
        });
      }
    });

    describe('what is refused', () => {
      const past = Math.floor(Date.now() / 1_000) - 10;
      const rows: readonly [what: string, headers: () => Promise<Record<string, string>>, reason: string][] = [
        ['nothing', async () => ({}), 'no_credential'],
        ['an expired token', async () => bearer(await frontier.token(ada, {exp: past})), 'token_expired'],
        [
          'a token from the future',
          async () => bearer(await frontier.token(ada, {nbf: past + 1_000})),
          'token_not_yet_valid',
        ],
        ['a token without an end', async () => bearer(await frontier.token(ada, {exp: null})), 'malformed_credential'],
        ['a bearer without jti', async () => bearer(await frontier.token(ada, {jti: undefined})), 'missing_claim'],
        ['a token without subject', async () => bearer(await frontier.token(ada, {sub: undefined})), 'missing_claim'],
        [
          'a subject of an unknown type',
          async () => bearer(await frontier.token(ada, {sub_type: 'app/group'})),
          'wrong_token_type',
        ],
        [
          'a token that Frontier did not generate',
          async () => bearer(await frontier.token(ada, {gen: 'user'})),
          'wrong_token_type',
        ],
        [
          'a token of another type',
          async () => bearer(await frontier.token(ada, {}, {typ: 'dpop+jwt'})),
          'wrong_token_type',
        ],
        [
          'a key that is not published',
          async () =>
            bearer(await (await makeSigningKey('k9')).sign({iss: 'frontier', sub: 'u', jti: 'j', gen: 'system'})),
          'unknown_key',
        ],
        [
          'another key of the same name',
          async () =>
            bearer(await (await makeSigningKey('k1')).sign({iss: 'frontier', sub: 'u', jti: 'j', gen: 'system'})),
          'bad_signature',
        ],
        [
          'another issuer',
          async () => bearer(await frontier.token(ada, {iss: 'https://id.example'})),
          'unsupported_credential',
        ],
        ['an opaque bearer', async () => bearer('0123456789'), 'unsupported_credential'],
        ['a wrong secret', async () => basic('cred-1:wrong'), 'inactive'],
        ['an unknown personal token', async () => bearer('fpt_unknown'), 'inactive'],
        ['a personal token with other characters', async () => bearer('fpt_un.known'), 'malformed_credential'],
        [
          'an assertion with another key',
          async () => bearer(await (await makeSigningKey('cred-3')).sign({kid: 'cred-3', jti: 'j'})),
          'inactive',
        ],
        [
          'an assertion of an unknown credential',
          async () => bearer(await assertion({kid: 'cred-9'}, {kid: 'cred-9'})),
          'inactive',
        ],
        ['an assertion as bearer without jti', async () => bearer(await assertion({jti: undefined})), 'missing_claim'],
        ['a JWT with two key ids', async () => bearer(await assertion({kid: 'cred-9'})), 'unsupported_credential'],
        ['Basic with two colons', async () => basic('cred-1:canary-secret:x'), 'unsupported_credential'],
        ['Basic without a colon', async () => basic('cred-1'), 'unsupported_credential'],
        ['Basic without a secret', async () => basic('cred-1:'), 'unsupported_credential'],
        [
          'Basic without padding',
          async () => ({authorization: 'Basic Y3JlZC0xOmNhbmFyeS1zZWNyZXQ'}),
          'unsupported_credential',
        ],
        [
          'Basic in the alphabet of URLs',
          async () => ({authorization: 'Basic Y3JlZDp-fn5-'}),
          'unsupported_credential',
        ],
        [
          'two bearers',
          async () => ({authorization: `Bearer ${personal}, Bearer ${personal}`}),
          'duplicate_credential',
        ],
        ['two user tokens', async () => ({'x-user-token': `${personal},${personal}`}), 'duplicate_credential'],
        ['a session that is not live', async () => cookie(randomUUID()), 'session_invalid'],
        ['a session cookie of before thirty days', async () => cookie(session, past - 2_592_000), 'session_invalid'],
        [
          'a forged session cookie',
          async () => ({cookie: `sid=${frontier.cookie(session).slice(0, -4)}AAAA`}),
          'session_invalid',
        ],
        ["another program's cookie", async () => ({cookie: 'sid=s%3Aabc'}), 'unsupported_credential'],
        [
          'two session cookies',
          async () => ({cookie: `sid=${frontier.cookie(session)}; sid=${frontier.cookie(session)}`}),
          'duplicate_credential',
        ],
      ];
      for (const [what, headers, reason] of rows) {
        it(`${what}: ${reason}`, async () => assert.equal((await ask(make(), await headers())).rejected, reason));
      }

      it('a disabled user is not found at Frontier; of a service user that is not looked at', async () => {
        frontier.sessions.set(session, {...ada, disabled: true});
        frontier.secrets.set(secret, {...robot, disabled: true});
        assert.equal((await ask(make(), cookie())).rejected, 'unknown_subject');
        assert.ok((await ask(make(), basic(secret))).verified);
      });

      const words: readonly [code: keyof typeof codes, ofSession: string, ofSecret: string][] = [
        ['unauthenticated', 'session_invalid', 'inactive'],
        ['permission_denied', 'disabled', 'disabled'],
        ['failed_precondition', 'disabled', 'disabled'],
        ['not_found', 'unknown_subject', 'unknown_subject'],
        ['invalid_argument', 'malformed_credential', 'malformed_credential'],
      ];
      for (const [code, ofSession, ofSecret] of words) {
        it(`AuthToken says ${code}: ${ofSession} of a session, ${ofSecret} of a secret, and remembered`, async () => {
          frontier.faults.set(paths[api].token, refusal(code));
          const provider = make();
          for (let times = 0; times < 3; times++) {
            assert.equal((await ask(provider, cookie())).rejected, ofSession);
            assert.equal((await ask(provider, basic(secret))).rejected, ofSecret);
            assert.equal((await ask(provider, bearer(personal))).rejected, ofSecret);
          }
          assert.equal(frontier.count('token'), 3);
        });
      }

      it('a forged, foreign or outdated cookie asks nobody', async () => {
        const provider = make();
        await provider.start?.();
        const before = frontier.asked.length;
        await ask(provider, cookie(session, past - 2_592_000));
        await ask(provider, {cookie: `sid=${frontier.cookie(session).slice(0, -4)}AAAA`});
        await ask(provider, {cookie: 'sid=abc'});
        await ask(provider, bearer(await frontier.token(ada, {iss: 'https://id.example'})));
        await ask(
          provider,
          bearer(await (await makeSigningKey('x')).sign({iss: 'https://id.example', kid: 'y', jti: 'j'})),
        );
        assert.equal(frontier.asked.length, before);
      });
    });

    describe('precedence', () => {
      const gone = () => cookie(randomUUID());
      const rows: readonly [what: string, headers: () => Promise<Record<string, string>>, who: Subject | string][] = [
        ['a live session beats a bearer', async () => ({...cookie(), ...bearer(await frontier.token(bob))}), ada],
        ['a live session beats a bad bearer', async () => ({...cookie(), ...bearer('rubbish')}), ada],
        ['a live session beats Basic', async () => ({...cookie(), ...basic(secret)}), ada],
        [
          'a session that is over leaves it to the bearer',
          async () => ({...gone(), ...bearer(await frontier.token(bob))}),
          bob,
        ],
        [
          'a session that is over leaves it to x-user-token',
          async () => ({...gone(), 'x-user-token': await frontier.token(bob)}),
          bob,
        ],
        ['a session that is over leaves it to Basic', async () => ({...gone(), ...basic(secret)}), robot],
        [
          'a session that is over leaves it to a bad bearer',
          async () => ({...gone(), ...bearer(await frontier.token(bob, {exp: 1}))}),
          'token_expired',
        ],
        [
          'an old cookie leaves it to the bearer',
          async () => ({...cookie(session, 1), ...bearer(await frontier.token(bob))}),
          bob,
        ],
        [
          'a forged cookie leaves it to the bearer',
          async () => ({
            cookie: `sid=${frontier.cookie(session).slice(0, -4)}AAAA`,
            ...bearer(await frontier.token(bob)),
          }),
          bob,
        ],
        [
          "another program's cookie leaves it to the bearer",
          async () => ({cookie: 'sid=abc', ...bearer(await frontier.token(bob))}),
          bob,
        ],
        [
          'a bearer overrides x-user-token',
          async () => ({...bearer(await frontier.token(bob)), 'x-user-token': await frontier.token(ada)}),
          bob,
        ],
        [
          'a personal bearer overrides x-user-token',
          async () => ({...bearer(personal), 'x-user-token': await frontier.token(ada)}),
          pat,
        ],
        [
          'an expired bearer does not',
          async () => ({...bearer(await frontier.token(bob, {exp: 1})), 'x-user-token': await frontier.token(ada)}),
          ada,
        ],
        [
          'a bearer without jti does not',
          async () => ({
            ...bearer(await frontier.token(bob, {jti: undefined})),
            'x-user-token': await frontier.token(ada),
          }),
          ada,
        ],
        [
          'a bearer that does not verify does',
          async () => ({...bearer(`${await frontier.token(bob)}AAAA`), 'x-user-token': await frontier.token(ada)}),
          'bad_signature',
        ],
        [
          "another issuer's bearer does",
          async () => ({
            ...bearer(await frontier.token(bob, {iss: 'https://id.example'})),
            'x-user-token': await frontier.token(ada),
          }),
          'unsupported_credential',
        ],
        [
          'a token comes before Basic',
          async () => ({'x-user-token': await frontier.token(ada), ...basic(secret)}),
          ada,
        ],
        ['and a bad token is final', async () => ({'x-user-token': 'fpt_unknown', ...basic(secret)}), 'inactive'],
        [
          'a session that is over and a bearer sent twice',
          async () => ({...gone(), authorization: `Bearer ${personal},Bearer ${personal}`}),
          'duplicate_credential',
        ],
      ];
      for (const [what, headers, who] of rows) {
        it(what, async () => {
          assert.equal(wordOn(await ask(make(), await headers())), typeof who === 'string' ? who : who.id);
        });
      }

      it('says which place counted, so that the right credential is taken out', async () => {
        const provider = make();
        assert.equal(
          (await ask(provider, {...cookie(), ...bearer(await frontier.token(bob))})).place?.label,
          'cookie:sid',
        );
        const fallen = await ask(provider, {...gone(), ...bearer(await frontier.token(bob))});
        assert.equal(fallen.place?.label, 'header:authorization:bearer');
      });

      it('without keys for the cookie, it is not looked at', async () => {
        const provider = make({session: undefined});
        assert.equal((await ask(provider, cookie())).rejected, 'no_credential');
        assert.equal(wordOn(await ask(provider, {...cookie(), ...bearer(await frontier.token(bob))})), bob.id);
      });

      it('a session that cannot be asked about leaves nothing to anyone', async () => {
        frontier.faults.set(paths[api].token, {status: 500});
        await assert.rejects(async () => ask(make(), {...cookie(), ...bearer(await frontier.token(bob))}), Unavailable);
      });
    });

    describe('the exchange', () => {
      it('is made once for many, and again when its time is over', async () => {
        const provider = make();
        await Promise.all(Array.from({length: 20}, () => ask(provider, cookie())));
        assert.equal(frontier.count('token'), 1);
        later = 9_000;
        await ask(provider, cookie());
        assert.equal(frontier.count('token'), 1, 'the same session, another cookie');
        later = 10_500;
        await ask(provider, cookie());
        assert.equal(frontier.count('token'), 2);
      });

      it('a session that is ended is refused within ttl.session, a secret within ttl.secret', async () => {
        const provider = make();
        const both = {...cookie()};
        await ask(provider, both);
        await ask(provider, basic(secret));
        frontier.sessions.clear();
        frontier.secrets.delete(secret);
        later = 10_500;
        assert.equal((await ask(provider, both)).rejected, 'session_invalid');
        assert.equal(wordOn(await ask(provider, basic(secret))), robot.id);
        later = 60_500;
        assert.equal((await ask(provider, basic(secret))).rejected, 'inactive');
      });

      it('a refusal is remembered for ttl.refused', async () => {
        const provider = make();
        await ask(provider, basic('cred-9:later'));
        frontier.secrets.set('cred-9:later', robot);
        later = 4_500;
        assert.equal((await ask(provider, basic('cred-9:later'))).rejected, 'inactive');
        later = 5_500;
        assert.equal(wordOn(await ask(provider, basic('cred-9:later'))), robot.id);
        assert.equal(frontier.count('token'), 2);
      });

      it('is not kept past the end of an assertion', async () => {
        const provider = make({ttl: {secret: '10m'}});
        const token = await assertion({exp: Math.floor(Date.now() / 1_000) + 20});
        assert.equal(wordOn(await ask(provider, {'x-user-token': token})), robot.id);
        later = 15_000;
        await ask(provider, {'x-user-token': token});
        assert.equal(frontier.count('token'), 1);
        later = 21_000;
        await ask(provider, {'x-user-token': token});
        assert.equal(frontier.count('token'), 2);
      });

      it('sends the credential in the headers and, where there is a grant for it, in the body', async () => {
        const provider = make();
        const signed = await assertion();
        const sent = async (headers: Record<string, string>) => {
          await ask(provider, headers);
          const {headers: out, body} =
            frontier.asked.filter(({path}) => path === paths[api].token).at(-1) ?? assert.fail();
          return {authorization: out.authorization, token: out['x-user-token'], cookie: out.cookie, body};
        };
        const grant = 'client_credentials';
        const none = {authorization: undefined, token: undefined, cookie: undefined};
        const {cookie: line} = cookie();
        assert.deepEqual(await sent({cookie: line}), {
          ...none,
          cookie: line.slice('theme=dark; '.length),
          body: {grant_type: grant},
        });
        assert.deepEqual(await sent(bearer(personal)), {
          ...none,
          authorization: `Bearer ${personal}`,
          body: {grant_type: grant},
        });
        assert.deepEqual(await sent(basic(secret)), {
          ...none,
          ...basic(secret),
          body: {grant_type: grant, client_id: 'cred-1', client_secret: 'canary-secret'},
        });
        assert.deepEqual(await sent(bearer(signed)), {
          ...none,
          authorization: `Bearer ${signed}`,
          token: signed,
          body: {grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: signed},
        });
      });

      it('x-project selects a project, and is another question', async () => {
        frontier.projects.set('website', 'p1');
        const provider = make({tenant: 'project'});
        const inProject = (project: string) => ask(provider, {...cookie(), 'x-project': project});
        assert.equal(verified(await ask(provider, cookie())).tenant, undefined);
        assert.equal(verified(await inProject('website')).tenant, 'p1');
        assert.equal(verified(await inProject('website')).claims.project_id, 'p1');
        assert.equal(verified(await inProject('unknown')).tenant, undefined);
        assert.equal(verified(await ask(provider, cookie())).tenant, undefined);
        assert.equal(frontier.count('token'), 3);
        assert.equal(verified(await inProject('web site\u00e9')).tenant, undefined);
        assert.equal(verified(await inProject('website,other')).tenant, undefined);
        assert.equal(frontier.count('token'), 3, 'what is no project selects none');
      });

      it('an entry of the shared cache that someone has put there lets nobody in', async () => {
        const soon = now() + 1_000;
        const ends = now() + 60_000;
        const entries: [what: string, json: unknown, asked: boolean][] = [
          ['a token in the clear', {answer: {token: await frontier.token(bob)}, until: soon}, true],
          ['a token that is not sealed', {answer: {sealed: await frontier.token(bob), ends}, until: soon}, false],
          ['nothing', {answer: {sealed: '', ends}, until: soon}, false],
          ['one that ends later than the settings let it', {answer: {sealed: '', ends}, until: ends}, true],
          ['a refusal without an end', {answer: {rejected: 'inactive'}, until: 1e300}, true],
          ['no end', {answer: {sealed: 'AAAA', ends}}, true],
          ['no end of the token', {answer: {sealed: 'AAAA'}, until: soon}, true],
          ['a reason that does not exist', {answer: {rejected: 'constructor'}, until: soon}, true],
          ['another version', {sealed: 'AAAA', until: soon}, true],
          ['a text', 'sealed', true],
          ['null', null, true],
        ];
        for (const [what, json, isMiss] of entries) {
          const makeCache: VendorParts['makeCache'] = (name, codec) =>
            makeLayeredCache<never>({
              name,
              memory: makeMemoryCache<never>({}, now),
              remote: {get: async () => codec.decode(json) as never, set: async () => {}},
            }) as never;
          const provider = make({}, {...makeParts(), makeCache});
          const answer = await ask(provider, cookie()).then(wordOn, (error: unknown) =>
            error instanceof Unavailable ? 'unavailable' : String(error),
          );
          assert.equal(answer, isMiss ? ada.id : 'unavailable', what);
        }
      });

      it('passes the id of the request on, for its log', async () => {
        await ask(make(), {...cookie(), 'x-request-id': 'r-1'});
        await ask(make(), {...basic(secret), 'x-request-id': 'no\u00efd'});
        const sent = frontier.asked.filter(({path}) => path === paths[api].token);
        assert.deepEqual(
          sent.map(({headers}) => headers['x-request-id']),
          ['r-1', undefined],
        );
      });

      it('a flood of made-up secrets leaves sessions alone', async () => {
        frontier.slow = 200;
        const provider = make();
        await provider.start?.();
        const flood = Array.from({length: 60}, (_, of) =>
          ask(provider, basic(`cred-1:made-up-${of}`)).then(wordOn, (error: unknown) => {
            assert.ok(error instanceof Unavailable);
            return 'unavailable';
          }),
        );
        assert.equal(wordOn(await ask(provider, cookie())), ada.id);
        const words = await Promise.all(flood);
        assert.equal(words.filter((word) => word === 'unavailable').length, 28);
        assert.equal(words.filter((word) => word === 'inactive').length, 32);
        assert.equal(wordOn(await ask(provider, basic(secret))), robot.id);
      });

      it('one session is asked about four times at once, whatever projects it is sent with', async () => {
        frontier.slow = 200;
        const provider = make();
        await provider.start?.();
        const asked = Array.from({length: 10}, (_, of) =>
          ask(provider, {...cookie(), 'x-project': `p${of}`}).then(wordOn, (error: unknown) => {
            assert.ok(error instanceof Unavailable);
            return error.message;
          }),
        );
        const another = randomUUID();
        frontier.sessions.set(another, bob);
        assert.equal(wordOn(await ask(provider, cookie(another))), bob.id);
        const words = await Promise.all(asked);
        assert.equal(words.filter((word) => word === ada.id).length, 4);
        assert.equal(words.filter((word) => /asked about 4 other projects of this session/.test(word)).length, 6);
        assert.equal(frontier.count('token'), 5);
        assert.equal(wordOn(await ask(provider, {...cookie(), 'x-project': 'p9'})), ada.id, 'and then the next');
      });

      it('a session that is over is over in every project, for ttl.refused', async () => {
        const provider = make();
        const gone = randomUUID();
        const inProject = (project: string) => ask(provider, {...cookie(gone), 'x-project': project});
        for (let of = 0; of < 20; of++) assert.equal((await inProject(`p${of}`)).rejected, 'session_invalid');
        assert.equal(frontier.count('token'), 1);
        later = 4_500;
        assert.equal((await inProject('q')).rejected, 'session_invalid');
        assert.equal(frontier.count('token'), 1);
        frontier.sessions.set(gone, bob);
        later = 5_500;
        assert.equal(wordOn(await inProject('q')), bob.id, 'not prolonged by asking');
        assert.equal(wordOn(await ask(provider, cookie())), ada.id);
      });

      const circuits: readonly [dependency: string, what: string, fail: (provider: Provider) => Promise<unknown>[]][] =
        [
          [
            'frontier-secrets:fr',
            'made-up secrets',
            (provider) => Array.from({length: 5}, (_, of) => ask(provider, basic(`cred-1:made-up-${of}`))),
          ],
          [
            'frontier-secrets:fr',
            'made-up personal tokens',
            (provider) => Array.from({length: 5}, (_, of) => ask(provider, bearer(`fpt_${of}`))),
          ],
          [
            'frontier-relations:fr',
            'relations',
            (provider) => Array.from({length: 5}, (_, of) => relate(provider, cookie(), 'get', `app/project:${of}`)),
          ],
        ];
      for (const [dependency, what, fail] of circuits) {
        it(`${what} that Frontier fails at open a circuit of their own: sessions are let in`, async () => {
          const real = testRemote({random: () => 0});
          try {
            const provider = make({}, {...makeParts(), call: real.call});
            await ask(provider, cookie());
            frontier.faults.set(paths[api].token, {status: 500});
            frontier.faults.set(paths[api].check, {status: 500});
            for (const asked of fail(provider)) await assert.rejects(asked, Unavailable);
            frontier.faults.clear();
            assert.equal(real.circuits().get(dependency), 'open');
            assert.equal(real.circuits().get('frontier:fr'), 'closed');
            const another = randomUUID();
            frontier.sessions.set(another, bob);
            assert.equal(wordOn(await ask(provider, cookie(another))), bob.id);
          } finally {
            await real.close();
          }
        });
      }

      const provoked: readonly [what: string, ask: (provider: Provider, of: number) => Promise<unknown>][] = [
        ['secrets', (provider, of) => ask(provider, basic(`cred-1:made-up-${of}`))],
        ['relations', (provider, of) => relate(provider, cookie(), 'get', `app/project:${of}`)],
      ];
      for (const [what, fail] of provoked) {
        it(`what callers make up fails alone (${what}): those who are let in still are, and new ones too`, async () => {
          const real = testRemote({random: () => 0});
          try {
            const provider = make({}, {...makeParts(), call: real.call});
            const path = what === 'secrets' ? paths[api].token : paths[api].check;
            assert.equal(wordOn(await ask(provider, basic(secret))), robot.id);
            assert.equal(await relate(provider, cookie()), false);
            frontier.faults.set(path, {status: 500, only: /made-up|app\/project:\d/});
            for (let of = 0; of < 12; of++) await assert.rejects(fail(provider, of), Unavailable);
            assert.equal(wordOn(await ask(provider, basic(secret))), robot.id);
            const another = randomUUID();
            frontier.sessions.set(another, bob);
            assert.equal(wordOn(await ask(provider, cookie(another))), bob.id);
            assert.equal(await relate(provider, cookie(another), 'get', 'app/project:unknown'), false);
            assert.ok(![...real.circuits().values()].includes('open'));
          } finally {
            await real.close();
          }
        });
      }

      it('a blank id is not asked about: nobody is related to nothing', async () => {
        const provider = make();
        for (const resource of ['app/project:', 'app/project: ', 'app/project:\u00a0\t'])
          assert.equal(await relate(provider, cookie(), 'get', resource), false);
        assert.equal(frontier.count('check'), 0);
      });

      it('a service user of a disabled organisation, whose error goes out as 500: disabled; any other 500 is an outage', async () => {
        const body = (message: string) => JSON.stringify({code: 13, message, details: []});
        frontier.faults.set(paths[api].token, {status: 500, body: body('org is disabled')});
        assert.equal((await ask(make(), basic(secret))).rejected, 'disabled');
        frontier.faults.set(paths[api].token, {status: 500, body: body('internal server error')});
        await assert.rejects(ask(make(), basic(secret)), Unavailable);
      });

      it('slower than the asker waits: unavailable, and then remembered for the next', async () => {
        frontier.slow = 300;
        const provider = make();
        await provider.start?.();
        await assert.rejects(ask(provider, basic(secret), now() + 30), Unavailable);
        assert.equal(wordOn(await ask(provider, basic(secret))), robot.id);
        assert.equal(wordOn(await ask(provider, basic(secret), now() + 30)), robot.id);
        assert.equal(frontier.count('token'), 1);
      });

      it('what a shared cache holds is of no use without the credential', async () => {
        const kept: string[] = [];
        const parts = makeParts();
        const makeCache: VendorParts['makeCache'] = (name, codec) => {
          const memory = makeMemoryCache<never>({}, now);
          const shared = new Map<string, string>();
          return makeLayeredCache<never>({
            name,
            memory,
            remote: {
              get: async (key) => {
                const text = shared.get(key);
                return text === undefined ? undefined : (codec.decode(JSON.parse(text)) as never);
              },
              set: async (key, value) => {
                const text = JSON.stringify(codec.encode(value));
                kept.push(key, text);
                shared.set(key, text);
                memory.clear();
              },
            },
          }) as never;
        };
        const provider = make({}, {...parts, makeCache});
        for (const headers of [cookie(), basic(secret), bearer(personal), basic('cred-1:wrong')]) {
          const first = wordOn(await ask(provider, headers));
          const before = frontier.count('token');
          assert.equal(wordOn(await ask(provider, headers)), first, 'from the shared cache');
          assert.equal(frontier.count('token'), before);
        }
        const everything = kept.join('\n');
        assert.ok(kept.length >= 8);
        // With its dot or its algorithm: three letters alone are in sealed bytes by chance, once in a hundred runs.
        for (const canary of [session, 'canary-secret', personal, '.eyJ', 'eyJhbGciOi'])
          assert.ok(!everything.includes(canary), canary);
        // The id of a session is told to upstreams: it opens nothing.
        const sealed = kept.flatMap((text) => /"sealed":"([^"]+)"/.exec(text)?.slice(1) ?? []);
        assert.equal(sealed.length, 3);
        for (const one of sealed) {
          for (const known of [`frontier seal ${session}`, session]) {
            assert.equal(unseal(one, hash('sha256', known, 'buffer')), undefined);
          }
        }
        const asSession = {
          kind: 'session',
          id: session,
          at: 0,
          value: '',
          place: provider.places[0] ?? assert.fail(),
        } as const;
        const opened = (keys: typeof cookieKeys) =>
          sealed.filter((one) => unseal(one, sealKeyOf({session: keys}, asSession)) !== undefined).length;
        assert.equal(opened(cookieKeys), 1);
        assert.equal(opened({...cookieKeys, hashKey: 'x'.repeat(32)}), 0);
      });
    });

    describe('keys', () => {
      it('a rotation is noticed, and a token of the old key is refused', async () => {
        const provider = make();
        const old = await frontier.token(ada);
        assert.equal(wordOn(await ask(provider, bearer(old))), ada.id);
        await frontier.rotate();
        assert.equal(wordOn(await ask(provider, bearer(await frontier.token(ada)))), ada.id);
        assert.equal((await ask(provider, bearer(await frontier.token(ada, {}, {kid: 'k1'})))).rejected, 'unknown_key');
      });

      it('that cannot be had make tokens unavailable, never bad', async () => {
        for (const fault of outages) {
          frontier.faults.set(paths[api].keys, fault);
          await assert.rejects(async () => ask(make(), bearer(await frontier.token(ada))), Unavailable);
        }
      });

      if (api === 'connect') {
        it('are asked for with the credential of the settings', async () => {
          await make().start?.();
          assert.equal(
            frontier.asked[0]?.headers.authorization,
            basic(`${own.clientId}:${own.clientSecret}`).authorization,
          );
          await assert.rejects(
            async () => ask(make({clientId: undefined, clientSecret: undefined}), bearer(await frontier.token(ada))),
            Unavailable,
          );
          for (const [settings, said] of [
            [{clientId: undefined, clientSecret: undefined}, /asks for a credential for its keys: set clientId and/],
            [{clientSecret: 'wrong'}, /it refuses clientId and clientSecret \(unauthenticated\)/],
          ] as const) {
            const provider = make(settings);
            await provider.start?.();
            assert.match(provider.health?.()[0]?.detail ?? '', said);
          }
        });

        it('are found under the other spelling of the procedure', async () => {
          frontier.faults.set(paths.connect.keys, {status: 404, body: '404 page not found'});
          await make().start?.();
          assert.deepEqual(
            frontier.asked.map(({path}) => path.split('/').at(-1)),
            ['GetJWKs', 'GetJWKS'],
          );
        });
      }

      for (const [what, body, said] of [
        ['no keys', '{}', /Frontier has no signing key that can be used: set rsa_path or rsa_base64/],
        ['an empty list', '{"keys":[]}', /set rsa_path or rsa_base64/],
        ['a key of another kind', '{"keys":[{"kty":"oct","k":"AAAA"}]}', /set rsa_path or rsa_base64/],
      ] as const) {
        it(`a set of ${what}: says what to do at Frontier`, async () => {
          frontier.faults.set(paths[api].keys, {status: 200, body});
          const provider = make();
          await provider.start?.();
          assert.match(provider.health?.()[0]?.detail ?? '', said);
          await assert.rejects(async () => ask(provider, bearer(await frontier.token(ada))), Unavailable);
        });
      }

      describe('what Frontier has just issued', () => {
        const at = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
        const issued = async (claims: object) =>
          frontier.faults.set(paths[api].token, {
            status: 200,
            body: JSON.stringify({access_token: await frontier.token(ada, claims), token_type: 'Bearer'}),
          });

        for (const ahead of [10, 25]) {
          it(`is good with its clock ${ahead} s ahead; the same from a client is not yet`, async () => {
            const claims = {iat: at(ahead), nbf: at(ahead), exp: at(3_600)};
            await issued(claims);
            const provider = make();
            for (let times = 0; times < 2; times++) assert.equal(wordOn(await ask(provider, cookie())), ada.id);
            const token = JSON.parse((frontier.faults.get(paths[api].token) as {body: string}).body).access_token;
            assert.equal((await ask(provider, bearer(token))).rejected, 'token_not_yet_valid');
          });
        }

        const faults: readonly [what: string, claims: () => object, settings: object, said: RegExp][] = [
          ['a clock too far ahead', () => ({nbf: at(60)}), {}, /token_not_yet_valid\): its clock .* set both by/],
          ['a token that has ended', () => ({exp: at(-5)}), {}, /token_expired\): its clock .* set both by/],
          ['another issuer', () => ({}), {issuer: 'https://frontier.example'}, /wrong_issuer\): set issuer/],
          ['a subject of another type', () => ({sub_type: 'app/group'}), {}, /wrong_token_type\): this release/],
        ];
        for (const [what, claims, settings, said] of faults) {
          it(`${what} is a fault of the installation, not of the credential`, async () => {
            await issued(claims());
            await assert.rejects(ask(make(settings), cookie()), said);
          });
        }

        it('with a key that it does not publish: the message says so', async () => {
          const provider = make();
          await provider.start?.();
          const other = await (await makeSigningKey('k9')).sign({iss: 'frontier', sub: ada.id, gen: 'system'});
          frontier.faults.set(paths[api].token, {status: 200, body: JSON.stringify({access_token: other})});
          await assert.rejects(ask(provider, cookie()), /unknown_key\): it signs with a key that it does not publish/);
        });
      });
    });

    describe('outages', () => {
      const page401 = {status: 401, body: '<html>Sign in to the proxy</html>'} as const;
      const wrong = [
        ...outages,
        page401,
        {status: 403, body: '{"code":"unauthenticated"}'},
        {status: 400, body: '{"code":"permission_denied"}'},
        {status: 400, body: '{"code":16}'},
        {status: 404, body: '404 page not found'},
        {status: 404, body: '{"code":5,"message":"Not Found","details":[]}'},
        {status: 302, headers: {location: 'https://elsewhere.example'}},
        {status: 200, body: '[]'},
        {status: 200, body: 'null'},
        {status: 200, body: '{}'},
        {status: 200, body: '{"access_token":7}'},
        {status: 200, body: '{"access_token":"opaque"}'},
        {status: 200, body: '{"access_token":""}'},
        {status: 429, body: '{"code":8,"message":"slow down"}'},
      ] as const;
      for (const fault of wrong) {
        it(`AuthToken answers ${JSON.stringify(fault)}: unavailable, and not remembered`, async () => {
          const provider = make();
          frontier.faults.set(paths[api].token, fault);
          for (const headers of [cookie(), basic(secret)]) await assert.rejects(ask(provider, headers), Unavailable);
          frontier.faults.clear();
          assert.equal(wordOn(await ask(provider, cookie())), ada.id);
        });
      }

      it('the newer spelling of the reply is read as well', async () => {
        frontier.faults.set(paths[api].token, {
          status: 200,
          body: JSON.stringify({accessToken: await frontier.token(ada), tokenType: 'Bearer'}),
        });
        assert.equal(wordOn(await ask(make(), cookie())), ada.id);
      });

      it('whatever it answers, nobody comes in by it', async () => {
        const reply = fc.record({
          status: fc.constantFrom(200, 201, 204, 301, 400, 401, 403, 404, 418, 429),
          body: fc.oneof(
            fc.string(),
            fc.json(),
            fc.record({access_token: fc.oneof(fc.string(), fc.json())}).map((value) => JSON.stringify(value)),
            fc
              .record({code: fc.oneof(fc.constantFrom(3, 5, 7, 9, 16, 'unauthenticated'), fc.json())})
              .map((value) => JSON.stringify(value)),
          ),
        });
        await fc.assert(
          fc.asyncProperty(reply, async (fault) => {
            frontier.faults.set(paths[api].token, fault);
            const provider = make();
            const answer = await ask(provider, basic(secret)).catch((error: unknown) => {
              assert.ok(error instanceof Unavailable, String(error));
              return {rejected: 'unavailable'};
            });
            assert.ok(answer.rejected !== undefined);
          }),
          {numRuns: 100},
        );
      });
    });

    describe('relations', () => {
      it('allowed, denied by an empty object, and for another resource', async () => {
        frontier.relations.add(`${ada.id} get app/project:p1`);
        const provider = make();
        assert.equal(await relate(provider, cookie()), true);
        assert.equal(await relate(provider, cookie(), 'app.project.update'), false);
        assert.equal(await relate(provider, cookie(), 'get', 'app/project:p2'), false);
        assert.equal(await relate(provider, basic(secret)), false);
        assert.equal(await relate(provider, bearer(await frontier.token(bob))), false, 'one of the same type');
        assert.equal(
          await relate(provider, bearer(await frontier.token({...ada, type: 'app/pat'}))),
          true,
          'asked anew',
        );
        assert.equal(frontier.count('check'), 6);
        const {body, headers} = frontier.asked.find(({path}) => path === paths[api].check) ?? assert.fail();
        assert.deepEqual(body, {resource: 'app/project:p1', permission: 'get'});
        assert.match(String(headers.authorization), /^Bearer eyJ/);
        assert.equal(headers.cookie, undefined);
      });

      for (const [what, headers] of [
        ['a bearer', async () => bearer(await frontier.token(robot))],
        ['x-user-token', async () => ({'x-user-token': await frontier.token(robot)})],
        ['Basic', async () => basic(secret)],
        ['an assertion', async () => bearer(await assertion())],
        [
          'a session that is over, and a bearer',
          async () => ({...cookie(randomUUID()), ...bearer(await frontier.token(robot))}),
        ],
      ] as const satisfies readonly [string, () => Promise<Record<string, string>>][]) {
        it(`of ${what}`, async () => {
          frontier.relations.add(`${robot.id} get app/project:p1`);
          assert.equal(await relate(make(), await headers()), true);
        });
      }

      it('a personal token is asked about as itself, not as its owner', async () => {
        frontier.relations.add(`${ada.id} get app/project:p1`);
        const provider = make({personalTokens: {subject: 'owner'}});
        assert.equal(await relate(provider, cookie()), true);
        assert.equal(await relate(provider, bearer(personal)), false);
      });

      it('are kept for ttl.relation', async () => {
        const provider = make();
        assert.equal(await relate(provider, cookie()), false);
        frontier.relations.add(`${ada.id} get app/project:p1`);
        later = 4_500;
        assert.equal(await relate(provider, cookie()), false);
        later = 5_500;
        assert.equal(await relate(provider, cookie()), true);
        assert.equal(frontier.count('check'), 2);
        frontier.relations.clear();
        later = 11_000;
        assert.equal(await relate(provider, cookie()), false);
      });

      it('an unknown permission is no relation, and is said in the log once a minute, with the number', async () => {
        const provider = make();
        const unknown = (of: number) => relate(provider, cookie(), 'no.such.permission', `app/project:${of}`);
        const warned = (count: number) => ({
          provider: 'fr',
          permission: 'no.such.permission',
          refused: 'not_found',
          count,
        });
        for (let of = 0; of < 5; of++) assert.equal(await unknown(of), false);
        assert.deepEqual(warnings, [warned(1)]);
        later = 60_500;
        assert.equal(await unknown(5), false);
        assert.deepEqual(warnings, [warned(1), warned(5)]);
        assert.equal(await relate(provider, cookie(), 'no.other', 'app/project:p1'), false);
        assert.equal(warnings.length, 3);
      });

      it('someone whom Frontier has disabled since has none, and the log does not blame the permission', async () => {
        const provider = make();
        frontier.relations.add(`${ada.id} get app/project:p1`);
        frontier.faults.set(paths[api].check, refusal('permission_denied'));
        assert.equal(await relate(provider, cookie()), false);
        assert.deepEqual(warnings, []);
      });

      it("a token that Frontier does not take says nothing of its subject's other credentials", async () => {
        const provider = make({clockTolerance: '1m'});
        frontier.relations.add(`${ada.id} get app/project:p1`);
        const ended = bearer(await frontier.token(ada, {exp: Math.floor(Date.now() / 1_000) - 5}));
        assert.equal(await relate(provider, ended), false);
        assert.equal(await relate(provider, cookie()), true);
        // The same, with those who wait for its answer.
        later = 5_500;
        frontier.slowCheck = 200;
        const first = relate(provider, ended);
        while (frontier.count('check') < 3) await new Promise((resolve) => setTimeout(resolve, 5));
        const others = [cookie(), bearer(await frontier.token(ada))].map((headers) => relate(provider, headers));
        assert.deepEqual(await Promise.all([first, ...others]), [false, true, true]);
        assert.equal(frontier.count('check'), 4);
        assert.deepEqual(warnings, []);
      });

      it('wait in line where many are asked about, and sessions do not wait for them', async () => {
        const provider = make();
        await ask(provider, cookie());
        frontier.slowCheck = 500;
        const many = Array.from({length: 100}, (_, of) => relate(provider, cookie(), 'get', `app/project:${of}`));
        while (frontier.count('check') < 64) await new Promise((resolve) => setTimeout(resolve, 5));
        const another = randomUUID();
        frontier.sessions.set(another, bob);
        assert.equal(wordOn(await ask(provider, cookie(another))), bob.id);
        assert.equal(frontier.count('check'), 64);
        frontier.slowCheck = 0;
        assert.deepEqual(new Set(await Promise.all(many)), new Set([false]));
        assert.equal(frontier.count('check'), 100);
      });

      it('that were taken away count no longer than ttl.relation in all instances together', async () => {
        const shared = new Map<string, unknown>();
        const makeCache: VendorParts['makeCache'] = (name, codec) =>
          makeLayeredCache<never>({
            name,
            memory: makeMemoryCache<never>({}, now),
            remote: {
              get: async (key) => codec.decode(shared.get(`${name} ${key}`)) as never,
              set: async (key, value) => void shared.set(`${name} ${key}`, codec.encode(value)),
            },
          }) as never;
        const [one, other] = [make({}, {...makeParts(), makeCache}), make({}, {...makeParts(), makeCache})];
        frontier.relations.add(`${ada.id} get app/project:p1`);
        assert.equal(await relate(one, cookie()), true);
        frontier.relations.clear();
        later = 4_500;
        assert.equal(await relate(other, cookie()), true, 'what the one has asked the other knows');
        assert.equal(frontier.count('check'), 1);
        later = 5_500;
        assert.equal(await relate(other, cookie()), false);
        assert.equal(await relate(one, cookie()), false);
      });

      it("another provider's principal has none", async () => {
        frontier.relations.add(`${ada.id} get app/project:p1`);
        const provider = make();
        const who = verified(await ask(provider, cookie()));
        const asked = request('/', {headers: cookie()});
        const context = {request: asked, now: now(), deadline: never};
        const credential = {place: provider.places[0] ?? assert.fail(), value: 'x'};
        const relation = {permission: 'get', resource: 'app/project:p1'};
        assert.equal(await provider.related?.({...who, provider: 'acme'}, credential, relation, context), false);
        const other = {...who, claims: {...who.claims, sub: bob.id}};
        assert.equal(await provider.related?.(other, credential, relation, context), false);
      });

      for (const fault of [
        ...outages,
        {status: 200, body: '{"status":"true"}'},
        {status: 200, body: '{"status":1}'},
        {status: 200, body: '[true]'},
        {status: 200, body: 'true'},
        {status: 404, body: '404 page not found'},
      ]) {
        it(`answered with ${JSON.stringify(fault)}: unavailable`, async () => {
          frontier.relations.add(`${ada.id} get app/project:p1`);
          frontier.faults.set(paths[api].check, fault);
          await assert.rejects(relate(make(), cookie()), Unavailable);
        });
      }
    });
  });
}

describe('Frontier beside another provider', () => {
  let frontier: Frontier;
  let remote: ReturnType<typeof testRemote>;
  let providers: Record<'fr' | 'acme', Provider>;

  before(async () => {
    frontier = await startFrontier('rest');
    remote = testRemote();
    const parts: VendorParts = {
      call: remote.call,
      cache: makeMemoryCache<KeptPrincipal>({}, Date.now),
      makeCache: (name) => makeLayeredCache<never>({name, memory: makeMemoryCache<never>({}, Date.now)}) as never,
      now: Date.now,
      random: () => 0.5,
      after: () => () => {},
      log: {info: () => {}, warn: () => {}},
    };
    const settings = {type: 'frontier', name: 'fr', url: frontier.url, api: 'rest', session: cookieKeys};
    const issuer = 'https://id.example';
    const oidc = {
      type: 'oidc',
      name: 'acme',
      issuer,
      audience: 'any',
      jwksUri: `${frontier.url}/.well-known/jwks.json`,
    };
    providers = {
      fr: makeFrontierProvider(frontierSettings.parse(settings), parts),
      acme: makeOidcProvider(oidcSettings.parse(oidc), parts),
    };
  });
  after(async () => {
    for (const provider of Object.values(providers)) await provider.close?.();
    await remote.close();
    await frontier.close();
  });

  const session = randomUUID();
  const theirs = () => frontier.token(ada, {iss: 'https://id.example'});
  const ours = () => frontier.token(ada);
  const sid = () => ({cookie: `sid=${frontier.cookie(session)}`});
  const rows: readonly [
    what: string,
    order: readonly ('fr' | 'acme')[],
    headers: () => Promise<Record<string, string>>,
    asked: string,
  ][] = [
    ["the other's bearer", ['fr', 'acme'], async () => bearer(await theirs()), 'acme'],
    ['our bearer', ['acme', 'fr'], async () => bearer(await ours()), 'fr'],
    ["our session and the other's bearer", ['fr', 'acme'], async () => ({...sid(), ...bearer(await theirs())}), 'fr'],
    ["the same, the other's places first", ['acme', 'fr'], async () => ({...sid(), ...bearer(await theirs())}), 'acme'],
    [
      "the other's bearer and our x-user-token",
      ['fr', 'acme'],
      async () => ({...bearer(await theirs()), 'x-user-token': await ours()}),
      'acme',
    ],
    [
      "a strange sid and the other's bearer",
      ['fr', 'acme'],
      async () => ({cookie: 'sid=abc', ...bearer(await theirs())}),
      'unsupported',
    ],
    [
      "the same, the other's places first",
      ['acme', 'fr'],
      async () => ({cookie: 'sid=abc', ...bearer(await theirs())}),
      'acme',
    ],
  ];
  for (const [what, order, headers, asked] of rows) {
    it(`${what}, ${order.join(' before ')}: ${asked}`, async () => {
      const found = makeCredentialFinder(order.map((name) => providers[name]))(
        request('/', {headers: await headers()}),
      );
      assert.equal(found.found === 'credential' ? found.provider.name : found.found, asked);
    });
  }

  it("a session that is over is not followed by the other's bearer", async () => {
    const asked = request('/', {headers: {...sid(), ...bearer(await theirs())}});
    const found = makeCredentialFinder([providers.fr, providers.acme])(asked);
    assert.ok(found.found === 'credential' && found.provider.name === 'fr');
    const answer = await found.provider.authenticate(found.credential, {
      request: asked,
      now: Date.now(),
      deadline: never,
    });
    assert.equal(answer.rejected, 'unsupported_credential');
  });
});
