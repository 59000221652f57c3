// Percent-encoding (RFC 3986 section 2.1) read without exceptions: who sends a thousand bad escapes must not be paid with stacks.

// The well-formed byte sequences of UTF-8 (RFC 3629 section 4), percent-encoded. Each run of plain text and each sequence
// can be matched in one way only, so that the whole is linear.
const tail = '%[89ab][0-9a-f]';
const sequence = [
  '%[0-7][0-9a-f]',
  `%(?:c[2-9a-f]|d[0-9a-f])${tail}`,
  `%e0%[ab][0-9a-f]${tail}`,
  `%e[1-9a-cef](?:${tail}){2}`,
  `%ed%[89][0-9a-f]${tail}`,
  `%f0%[9ab][0-9a-f](?:${tail}){2}`,
  `%f[1-3](?:${tail}){3}`,
  `%f4%8[0-9a-f](?:${tail}){2}`,
].join('|');
const wellEncoded = new RegExp(`^[^%]*(?:(?:${sequence})[^%]*)*$`, 'i');

/** The text decoded once; undefined where an escape is bad, or is not UTF-8 (overlong forms and surrogates included). */
export const percentDecoded = (text: string): string | undefined => {
  if (!text.includes('%')) return text;
  return wellEncoded.test(text) ? decodeURIComponent(text) : undefined;
};
