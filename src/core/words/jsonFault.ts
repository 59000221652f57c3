// Why a text is no JSON: where it does not fit. The library's own words repeat a piece of the text, which may be anything.

export const jsonFault = (error: unknown, text: string): string => {
  const {message} = Object(error) as {readonly message?: unknown};
  const [, at] = (typeof message === 'string' && /at position (\d+)/.exec(message)) || [];
  if (at === undefined) return text.trim() === '' ? 'is not JSON: it is empty' : 'is not JSON: it ends too early';
  const before = text.slice(0, Number(at)).split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `is not JSON: line ${before.length}, column ${column} does not fit; is a quote, a comma or a bracket missing before it?`;
};
