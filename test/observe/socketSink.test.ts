// Lines to a Unix socket: nothing waits for it, nothing is lost while there is room, and what is lost is counted.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {rmSync} from 'node:fs';
import {createServer, type Server, type Socket} from 'node:net';
import {join} from 'node:path';
import {makeSocketSink, type SocketSinkParts} from '../../src/observe/socketSink.ts';
import {temporaryFolder} from '../support/ports.ts';

interface Collector {
  readonly server: Server;
  text(): string;
  /** Waits until so many lines have come. */
  lines(count: number): Promise<string[]>;
  stop(): Promise<void>;
}

const listen = async (path: string, reads = true): Promise<Collector> => {
  let text = '';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (!reads) return socket.pause();
    socket.on('data', (chunk) => {
      text += chunk;
      server.emit('more');
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    server,
    text: () => text,
    async lines(count) {
      while (text.split('\n').length - 1 < count) await once(server, 'more');
      return text.split('\n').slice(0, -1);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      rmSync(path, {force: true});
    },
  };
};

describe('a Unix socket for lines', () => {
  const make = (parts: Partial<SocketSinkParts> = {}) => {
    const path = join(temporaryFolder(), 'decisions.sock');
    const state = {dropped: 0, said: [] as string[]};
    const sink = makeSocketSink({
      path,
      dropped: (lines) => {
        state.dropped += lines;
      },
      after: (milliseconds, run) => {
        const timer = setTimeout(run, Math.min(milliseconds, 20));
        return () => clearTimeout(timer);
      },
      random: () => 0,
      log: {warn: (_, sentence) => state.said.push(sentence), info: (_, sentence) => state.said.push(sentence)},
      ...parts,
    });
    return {path, sink, state};
  };
  const numbers = (from: number, to: number) => Array.from({length: to - from}, (_, at) => `line ${from + at}`);

  it('takes lines before anybody listens, and has them all once somebody does', async () => {
    const {path, sink, state} = make();
    for (const line of numbers(0, 1_000)) sink.write(`${line}\n`);
    const collector = await listen(path);
    assert.deepEqual(await collector.lines(1_000), numbers(0, 1_000));
    assert.deepEqual([state.dropped, sink.health().state], [0, 'ready']);
    await sink.close();
    await collector.stop();
  });

  it('goes on with whoever listens next, and says once that nobody does', async () => {
    const {path, sink, state} = make();
    const first = await listen(path);
    sink.write('line 0\n');
    await first.lines(1);
    await first.stop();
    while (sink.health().state === 'ready') await new Promise((resolve) => setTimeout(resolve, 5));
    for (const line of numbers(1, 500)) sink.write(`${line}\n`);
    while (state.said.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await listen(path);
    assert.deepEqual(await second.lines(499), numbers(1, 500));
    assert.deepEqual(
      state.said.map((sentence) => sentence.includes('again') && !sentence.includes('trying')),
      [false, true],
    );
    assert.equal(state.dropped, 0);
    await sink.close();
    await second.stop();
  });

  it('drops and counts what finds no place where nobody listens', async () => {
    const {sink, state} = make({most: 1_000});
    for (let at = 0; at < 100; at++) sink.write(`${'x'.repeat(99)}\n`);
    assert.equal(state.dropped, 90);
    assert.match(sink.health().detail ?? 'ready', /10 wait/);
    await sink.close();
    assert.equal(state.dropped, 100);
  });

  it('drops and counts what a reader does not read, and blocks nobody', async () => {
    const {path, sink, state} = make({most: 2_000_000});
    const collector = await listen(path, false);
    sink.write('first\n');
    await once(collector.server, 'connection');
    const line = `${'y'.repeat(999)}\n`;
    for (let batch = 0; batch < 50; batch++) {
      for (let at = 0; at < 200; at++) sink.write(line);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(state.dropped > 5_000 && state.dropped < 9_000, `${state.dropped}`);
    await sink.close();
    await collector.stop();
  });

  it('connects to nobody before there is a line, and ends at once', async () => {
    const {sink, state} = make();
    await sink.close();
    assert.deepEqual(state, {dropped: 0, said: []});
  });
});
