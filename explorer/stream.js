// Server-sent events with a header: EventSource cannot send the token.
import {ask} from './api.js';

/** Milliseconds until it is tried again. */
const soon = 1_000;
const latest = 15_000;

/**
 * Follows a stream until `stop` is called; after a break it begins anew.
 *
 * @param {string} path
 * @param {Record<string, string | undefined>} query
 * @param {{event(name: string, data: any): void, state(word: 'live' | 'away', why?: string): void}} hear
 * @returns {() => void} stop
 */
export const follow = (path, query, hear) => {
  const ending = new AbortController();
  let wait = soon;

  const read = async () => {
    const response = await ask(path, {query, signal: ending.signal});
    hear.state('live');
    wait = soon;
    const reader = /** @type {ReadableStream} */ (response.body).pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return;
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) tell(block);
    }
  };
  /** @param {string} block */
  const tell = (block) => {
    const field = (/** @type {string} */ name) =>
      block.split('\n').flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []))[0];
    const name = field('event');
    const data = field('data');
    if (name !== undefined && data !== undefined) hear.event(name, JSON.parse(data));
  };
  const keepOn = async () => {
    while (!ending.signal.aborted) {
      let why;
      try {
        await read();
      } catch (error) {
        why = /** @type {Error} */ (error).message;
        const {status = 0} = /** @type {any} */ (error);
        if (status >= 400 && status < 500) return ending.signal.aborted || hear.state('away', why);
      }
      if (ending.signal.aborted) return;
      hear.state('away', why);
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 2, latest);
    }
  };
  void keepOn();
  return () => ending.abort();
};
