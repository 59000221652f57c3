// An issuer with a capture in it, `https://login.example/{tenant}/v2.0`: which issuers are of the family, and of which tenant.

/** What a tenant may be called in an issuer: one segment of a path, or one label of a host, that is nothing else besides. */
const tenantForm = '[A-Za-z0-9](?:[A-Za-z0-9._~-]{0,126}[A-Za-z0-9_~-])?';
const capture = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

export interface IssuerTemplate {
  /** The tenant that an issuer names; undefined: it is none of the family. */
  tenantOf(issuer: unknown): string | undefined;
  /** The same text with the tenant in the place of the capture. */
  filled(template: string, tenant: string): string;
}

export const isTemplate = (issuer: string): boolean => /[{}]/.test(issuer);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Of an issuer that `templateFault` finds good. Compared from end to end, so that no other issuer looks like one of them. */
export const makeIssuerTemplate = (issuer: string): IssuerTemplate => {
  const [before = '', after = ''] = issuer.split(/\{[^{}]*\}/);
  const form = new RegExp(`^${escaped(before)}(${tenantForm})${escaped(after)}$`);
  return {
    tenantOf: (named) => (typeof named === 'string' && named.length <= 512 ? form.exec(named)?.[1] : undefined),
    filled: (template, tenant) => template.replace(capture, () => tenant),
  };
};

/** What is wrong with a template of the settings; undefined: nothing. No socket may lead to a host that it does not fix. */
export const templateFault = (
  issuer: string,
  jwksUri: string | undefined,
): {readonly path: 'issuer' | 'jwksUri'; readonly message: string} | undefined => {
  const names = [...issuer.matchAll(capture)].map(([, name]) => name);
  if (names.length !== 1 || /[{}]/.test(issuer.replace(capture, '')))
    return {path: 'issuer', message: 'has { or }: write one capture, such as {tenant}, as a whole segment of its path'};
  const ofKeys = [...(jwksUri ?? '').matchAll(capture)].map(([, name]) => name);
  if (/[{}]/.test((jwksUri ?? '').replace(capture, '')) || ofKeys.some((name) => name !== names[0]))
    return {path: 'jwksUri', message: `has { or } that is not {${names[0]}}, the capture of the issuer`};
  if (inAuthority(jwksUri ?? ''))
    return {path: 'jwksUri', message: 'has a capture in its host: a token could then choose whom Postern asks'};
  if (inAuthority(issuer) && jwksUri === undefined)
    return {
      path: 'issuer',
      message: 'has a capture in its host: a token could then choose whom Postern asks for keys; set jwksUri',
    };
  return undefined;
};

const inAuthority = (url: string): boolean => /^[a-z]+:\/\/[^/]*[{}]/i.test(url);
