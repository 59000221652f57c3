// Reading a file of API keys aside: what is asked, what comes back in pieces, and the keys made of them.
import {type ApiKey, type ApiKeys, readKeyFile} from './keyFile.ts';

/** `provider`: what the principals name as theirs. */
export interface KeysJob {
  readonly read: 'keys';
  readonly text: string;
  readonly provider: string;
}

/** Entries of a piece: well below a millisecond to read. */
const pageLength = 100;

/** The first piece holds the faults, or none; then the keys. */
export async function* keyPieces({text, provider}: KeysJob): AsyncGenerator<string> {
  const {keys, faults} = readKeyFile(text, provider);
  yield JSON.stringify({faults});
  const entries = [...(keys ?? [])].map(([hash, key]) => [hash, {...key, expires: finite(key.expires)}]);
  for (let at = 0; at < entries.length; at += pageLength) yield JSON.stringify(entries.slice(at, at + pageLength));
}

/** JSON knows no Infinity: null. */
const finite = (end: number): number | null => (end === Number.POSITIVE_INFINITY ? null : end);

type Kept = readonly [hash: string, key: Omit<ApiKey, 'expires'> & {readonly expires: number | null}];

/** What the pieces of `keyPieces` say. */
export const keysOf = async (
  pieces: AsyncIterable<string>,
): Promise<{readonly keys: ApiKeys} | {readonly faults: readonly string[]}> => {
  let said: {readonly faults?: readonly string[]} | undefined;
  const keys = new Map<string, ApiKey>();
  for await (const piece of pieces) {
    if (said === undefined) said = JSON.parse(piece) as {faults?: readonly string[]};
    else {
      for (const [hash, {expires, ...rest}] of JSON.parse(piece) as readonly Kept[]) {
        keys.set(hash, {...rest, expires: expires ?? Number.POSITIVE_INFINITY});
      }
    }
  }
  if (said === undefined) throw new Error('it could not be read: a bug in Postern');
  return said.faults === undefined ? {keys} : {faults: said.faults};
};
