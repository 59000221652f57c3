// Whether JSON that anybody may send is worth parsing: a stranger's token must not cost more than the reading of its bytes.
import {closingQuote} from '../core/words/jsonText.ts';

const longestPlain = 4_096;
const deepest = 64;
/** Members of objects, lists and objects together. A token with 1,000 is not known of anybody. */
const mostParts = 1_000;

const quote = 0x22;
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
    if (code === quote) at = closingQuote(json, at);
    else if (code === openList || code === openObject) {
      depth++;
      parts++;
    } else if (code === closeList || code === closeObject) depth--;
    else if (code === colon) parts++;
    if (depth > deepest || parts > mostParts) return false;
  }
  return true;
};
