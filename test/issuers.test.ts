// The settings of docs/guides/issuers.md, each with the tokens that its issuer writes: whom they stand for, or why not.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {parse} from 'yaml';
import {checkSettings} from '../src/config/schema.ts';
import type {RemoteAnswer, RemoteCall} from '../src/core/remote.ts';
import type {Provider} from '../src/providers/provider.ts';
import {type AnyProviderSettings, makeProviderOf} from '../src/vendors/index.ts';
import {forged, makeSigner, type Signer} from './providers/tokens.ts';
import {request} from './support/requests.ts';
import {makeTestParts} from './support/vendors/parts.ts';

interface Expected {
  readonly kind: string;
  readonly subject: string;
  readonly tenant?: string;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly scopes: readonly string[];
  readonly client?: string;
  /** By which it can be revoked. */
  readonly session?: string;
}
interface Token {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Of an introspection endpoint, instead of a token. */
  readonly reply?: object;
  /** Whom it stands for, or the reason why for nobody. */
  readonly expect: string | Expected;
}
interface Issuer {
  readonly link: string;
  readonly discovery?: {readonly issuer?: string; readonly jwks_uri: string};
  readonly jwksUri?: string;
  readonly alg?: 'RS256' | 'ES256';
  readonly jwk?: object;
  readonly tokens: Readonly<Record<string, Token>>;
  /** What the text of the section says besides: other settings, by which these tokens are read. */
  readonly variants?: Readonly<Record<string, Variant>>;
}
interface Variant extends Partial<Omit<Issuer, 'variants' | 'tokens'>> {
  /** As it stands in the section. */
  readonly says: string;
  /** Laid over its settings; null leaves one out. */
  readonly with: Readonly<Record<string, unknown>>;
  readonly tokens: Readonly<Record<string, Token>>;
}

const guide = readFileSync(new URL('../docs/guides/issuers.md', import.meta.url), 'utf8');
const sections = [...guide.matchAll(/^## (.+)\n\n<!-- test\/issuers\/([\w-]+)\.json -->\n```yaml\n([^`]*)```/gm)];
const dataOf = (slug: string): Issuer =>
  JSON.parse(readFileSync(new URL(`./issuers/${slug}.json`, import.meta.url), 'utf8'));

/** Settings with others laid over them. */
const over = (settings: object, more: object): object => {
  const merged: Record<string, unknown> = {...settings};
  for (const [key, value] of Object.entries(more)) {
    const known = merged[key];
    const isPart = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (value === null) delete merged[key];
    else merged[key] = isPart && typeof known === 'object' ? over(known as object, value) : value;
  }
  return merged;
};

/** A provider as the guide has it, whose calls are answered as the issuer publishes. */
const makeIssuer = (text: string, data: Issuer, signer: Signer, more: object = {}) => {
  const [written] = parse(text.replaceAll(/\$\{[^}]*\}/g, 'secret')) as [object];
  const {settings, findings} = checkSettings({
    providers: [over(written, more)],
    rules: [{name: 'all', match: {}, require: {}}],
  });
  assert.ok(settings, JSON.stringify(findings));
  const [provider] = settings.providers;
  assert.ok(provider);
  let reply: object = {};
  const call: RemoteCall = async (_, sent): Promise<RemoteAnswer> => {
    const issuer =
      'issuer' in provider && typeof provider.issuer === 'string'
        ? (provider.issuer.includes('{') ? `${data.discovery?.issuer}` : provider.issuer).replace(/\/$/, '')
        : '';
    const body =
      sent.method === 'POST'
        ? reply
        : sent.url === data.jwksUri
          ? {keys: [{...signer.jwk, ...data.jwk}]}
          : sent.url === `${issuer}/.well-known/openid-configuration`
            ? data.discovery
            : undefined;
    const answer = {asked: `${sent.method} ${sent.url}`, headers: new Map(), body: JSON.stringify(body) ?? ''};
    return {...answer, status: body === undefined ? 404 : 200};
  };
  const {parts, close} = makeTestParts();
  const made = makeProviderOf(provider as AnyProviderSettings, {...parts, call});
  const replies = (next: object): void => {
    reply = next;
  };
  return {provider: made, close, replies};
};

const ask = async (provider: Provider, value: string) => {
  const asked = request('/');
  const [place] = provider.places;
  assert.ok(place);
  const presented = {place, value};
  const credential = provider.accepts(presented, asked);
  if (credential === undefined)
    return {rejected: provider.misfit?.(presented, asked).reason ?? 'unsupported_credential'};
  return provider.authenticate(credential, {request: asked, now: Date.now(), deadline: Number.POSITIVE_INFINITY});
};

describe('issuers of the guide', () => {
  const signers = new Map<string, Signer>();
  before(async () => {
    for (const alg of ['RS256', 'ES256'] as const) signers.set(alg, await makeSigner(alg, 'k1'));
  });

  it('each section has its tokens, and each file of tokens its section', () => {
    const files = readdirSync(new URL('./issuers/', import.meta.url)).map((name) => name.replace('.json', ''));
    assert.deepEqual(sections.map(([, , slug = '']) => slug).sort(), files.sort());
    for (const [, title, slug = '', text = ''] of sections) {
      assert.ok(text.trim().split('\n').length <= 10, `${title}: ten lines at most`);
      assert.ok(guide.includes(dataOf(slug).link), `${title}: the page links where the tokens are from`);
    }
  });

  const read = (text: string, data: Issuer, more: object = {}): void => {
    for (const [what, token] of Object.entries(data.tokens)) {
      const {expect} = token;
      it(`${what}: ${typeof expect === 'string' ? expect : `${expect.kind} ${expect.subject}`}`, async () => {
        const signer = signers.get(data.alg ?? 'RS256') as Signer;
        const value = await written(token, signer);
        const issuer = makeIssuer(text, data, signer, more);
        issuer.replies(timed(token.reply));
        const {verified, rejected} = (await ask(issuer.provider, value)) as {
          verified?: Expected & {sessionId?: string};
          rejected?: string;
        };
        await issuer.provider.close?.();
        await issuer.close();
        if (typeof expect === 'string') return assert.equal(rejected, expect);
        const {client, session, ...wanted} = expect;
        assert.ok(verified, `rejected: ${rejected}`);
        const {kind, subject, tenant, roles, permissions, scopes} = verified;
        const got = {kind, subject, ...(tenant !== undefined && {tenant}), roles, permissions, scopes};
        assert.deepEqual(got, wanted);
        if (client === undefined) return;
        for (const [clients, answer] of [
          [[client], undefined],
          [['another'], 'wrong_client'],
        ] as const) {
          const bound = makeIssuer(text, data, signer, {...more, clients});
          assert.equal((await ask(bound.provider, value)).rejected, answer);
          await bound.provider.close?.();
          await bound.close();
        }
      });
    }
  };
  for (const [, title, slug = '', text = ''] of sections) {
    describe(title ?? '', () => {
      const {variants = {}, ...data} = dataOf(slug);
      read(text, data);
      for (const [what, variant] of Object.entries(variants)) {
        describe(what, () => {
          it('the guide says so', () => assert.ok(guide.includes(variant.says), variant.says));
          read(text, {...data, ...variant}, variant.with);
        });
      }
    });
  }
});

const timed = (reply: object | undefined): object => {
  const seconds = Math.floor(Date.now() / 1_000);
  return reply !== undefined && 'sub' in reply ? {...reply, iat: seconds - 10, exp: seconds + 300} : (reply ?? {});
};

/** A token with these claims and times of now; what says that a secret has signed it is signed with one. */
const written = async ({header = {}, claims = {}, reply}: Token, signer: Signer): Promise<string> => {
  if (reply !== undefined) return 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA';
  const seconds = Math.floor(Date.now() / 1_000);
  const times = {iss: undefined, aud: undefined, sub: undefined, iat: seconds - 10, exp: seconds + 300};
  if (typeof header.alg === 'string' && header.alg.startsWith('HS')) {
    const sign = (signed: string) => createHmac('sha256', 'secret').update(signed).digest();
    return forged(header, {...times, ...claims}, sign);
  }
  const {alg: _, kid: __, ...rest} = header;
  return signer.token({...times, ...claims}, rest);
};
