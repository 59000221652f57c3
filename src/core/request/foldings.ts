// Characters beyond ASCII that some reader turns into ASCII: what they look like is not what it reads.
// test/core/request/foldings.test.ts computes both classes from Unicode, as this Node knows it, and compares.

/**
 * Read as `/`, `\`, `%`, `.`, `..` or `;` after normalising (NFKC: full width, small forms, leaders, account of, care of;
 * NFC: the Greek question mark), or after "best fit" to a code page of Windows (slashes of mathematics, yen, won).
 */
const separators =
  '\\u2024\\u2025\\u2100\\u2101\\u2105\\u2106\\ufe30\\ufe52\\ufe68\\ufe6a\\uff05\\uff0e\\uff0f\\uff3c' +
  '\\u037e' +
  '\\u00a5\\u2044\\u20a9\\u2215\\u2216\\u29f5\\u29f8';

/** U+FFFD: what stands where bytes were that are not UTF-8. */
export const readAsSyntax = new RegExp(`[${separators}\\ufffd]`);

/** Wholly ASCII, letters among it, by lower case, upper case or NFKC, of any locale and in any order. */
const letters = [
  '\\u00aa\\u00ba\\u00df\\u0130-\\u0133\\u017f\\u01c7-\\u01cc\\u01f1-\\u01f3\\u02b0\\u02b2-\\u02b3\\u02b7-\\u02b8',
  '\\u02e1-\\u02e3\\u1d2c\\u1d2e\\u1d30-\\u1d31\\u1d33-\\u1d3a\\u1d3c\\u1d3e-\\u1d43\\u1d47-\\u1d49\\u1d4d',
  '\\u1d4f-\\u1d50\\u1d52\\u1d56-\\u1d58\\u1d5b\\u1d62-\\u1d65\\u1d9c\\u1da0\\u1dbb\\u1e9e\\u2071\\u207f\\u2090-\\u2093',
  '\\u2095-\\u209c\\u20a8\\u2100-\\u2102\\u2105-\\u2106\\u210a-\\u210e\\u2110-\\u2113\\u2115-\\u2116\\u2119-\\u211d',
  '\\u2120-\\u2122\\u2124\\u2128\\u212a\\u212c-\\u212d\\u212f-\\u2131\\u2133-\\u2134\\u2139\\u213b\\u2145-\\u2149',
  '\\u2160-\\u217f\\u249c-\\u24e9\\u2c7c-\\u2c7d\\u3250\\u32cc-\\u32cf\\u3371-\\u337a\\u3380-\\u3381\\u3383-\\u338b',
  '\\u338e-\\u3394\\u3396-\\u339a\\u339c-\\u33a6\\u33a9-\\u33ad\\u33b0-\\u33b1\\u33b3-\\u33b5\\u33b7-\\u33bb',
  '\\u33bd-\\u33bf\\u33c2-\\u33c5\\u33c7-\\u33dd\\u33ff\\ua7f1-\\ua7f4\\ufb00-\\ufb06\\uff21-\\uff3a\\uff41-\\uff5a',
  '\\u{107a5}\\u{1ccd6}-\\u{1ccef}\\u{1d400}-\\u{1d454}\\u{1d456}-\\u{1d49c}\\u{1d49e}-\\u{1d49f}\\u{1d4a2}',
  '\\u{1d4a5}-\\u{1d4a6}\\u{1d4a9}-\\u{1d4ac}\\u{1d4ae}-\\u{1d4b9}\\u{1d4bb}\\u{1d4bd}-\\u{1d4c3}',
  '\\u{1d4c5}-\\u{1d505}\\u{1d507}-\\u{1d50a}\\u{1d50d}-\\u{1d514}\\u{1d516}-\\u{1d51c}\\u{1d51e}-\\u{1d539}',
  '\\u{1d53b}-\\u{1d53e}\\u{1d540}-\\u{1d544}\\u{1d546}\\u{1d54a}-\\u{1d550}\\u{1d552}-\\u{1d6a4}',
  '\\u{1f110}-\\u{1f129}\\u{1f12b}-\\u{1f12e}\\u{1f130}-\\u{1f14f}\\u{1f16a}-\\u{1f16c}\\u{1f190}',
];

export const readAsLetters = new RegExp(`[${letters.join('')}]`, 'u');
