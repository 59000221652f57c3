// Headers of a case, with tokens in the places that name them: `{alice}`, and `{alice|1/2}` for the first half of one.

/**
 * Fills in tokens by name; a name that nobody has stays as it stands. After a bar, how a client writes it: `2/3` the
 * second of three pieces, `base64url`, or `percent` for every character in percent-encoding.
 */
export const withTokens = (value: string, token: (name: string) => string | undefined): string =>
  value.replace(/\{([\w-]+)(?:\|([^}]+))?\}/g, (whole, name: string, form?: string) => {
    const found = token(name);
    return found === undefined ? whole : written(found, form);
  });

const written = (token: string, form: string | undefined): string => {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(form ?? '') ?? [];
  if (part !== undefined) {
    const size = Math.ceil(token.length / Number(parts));
    return token.slice((Number(part) - 1) * size, Number(part) * size);
  }
  if (form === 'base64url') return Buffer.from(token).toString('base64url');
  // Every character, as nobody has to and everybody may.
  if (form === 'percent') return token.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return token;
};
