// Whether JSON that anybody may send is worth parsing: a stranger's token must not cost more than the reading of its bytes.

const longestPlain = 4_096;
const deepest = 64;
/** Members of objects, lists and objects together. A token with 1,000 is not known of anybody. */
const mostParts = 1_000;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openList = 0x5b;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** False where a text nests deeper than 64, or has more than 1,000 parts; texts in it, and lists of texts, count as nothing. */
export const isModest = (json: string): boolean => {
  if (json.length <= longestPlain) return true;
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) at = endOfText(json, at);
    else if (code === openList || code === openObject) {
      depth++;
      parts++;
    } else if (code === closeList || code === closeObject) depth--;
    else if (code === colon) parts++;
    if (depth > deepest || parts > mostParts) return false;
  }
  return true;
};

/** The place of the quote that ends the text which begins at `start`; the end of all where none does. */
const endOfText = (json: string, start: number): number => {
  for (let at = json.indexOf('"', start + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let escapes = 0;
    while (json.charCodeAt(at - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return json.length;
};
