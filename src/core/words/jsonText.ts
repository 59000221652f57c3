// A text within JSON, stepped over without parsing.

const backslash = 0x5c;

/** The place of the quote that ends the text which begins at `start`; the end of all where none does. */
export const closingQuote = (json: string, start: number): number => {
  for (let at = json.indexOf('"', start + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let escapes = 0;
    while (json.charCodeAt(at - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return json.length;
};
