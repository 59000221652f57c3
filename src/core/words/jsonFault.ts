// Why a text is no JSON: where it does not fit. The library's own words repeat a piece of the text, which may be anything.
import {makePlaceAt} from './place.ts';

export const jsonFault = (error: unknown, text: string): string => {
  const {message} = Object(error) as {readonly message?: unknown};
  const [, at] = (typeof message === 'string' && /at position (\d+)/.exec(message)) || [];
  if (at === undefined) return text.trim() === '' ? 'is not JSON: it is empty' : 'is not JSON: it ends too early';
  const {line, column} = makePlaceAt(text)(Number(at));
  return `is not JSON: line ${line}, column ${column} does not fit; is a quote, a comma or a bracket missing before it?`;
};
