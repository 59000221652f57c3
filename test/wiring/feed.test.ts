// Revocations on disk, when a process starts: none is lost, however long the disk takes.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {loadSettings} from '../../src/config/load.ts';
import type {Settings} from '../../src/config/schema.ts';
import type {JournalRead} from '../../src/core/kept.ts';
import type {Principal} from '../../src/core/principal.ts';
import type {Log} from '../../src/observe/log.ts';
import {silentMetrics} from '../../src/observe/silentMetrics.ts';
import type {State} from '../../src/state/state.ts';
import {named, writtenElement} from '../../src/store/revocationForm.ts';
import {clocks} from '../../src/wiring/clocks.ts';
import {makeRevocationFeed} from '../../src/wiring/feed.ts';
import {makeShared} from '../../src/wiring/shared.ts';
import {temporaryFolder} from '../support/ports.ts';
import {writeFiles} from '../support/postern.ts';

const thievery = named({at: 1_800_000_000_000, sessionId: 's1', expires: 4_000_000_000_000});
const thief = {provider: 'acme', kind: 'user', subject: 'thief', sessionId: 's1'} as Principal;

describe('revocations on disk', () => {
  it('that are read later than a start waits for them count from then on', async () => {
    const read = Promise.withResolvers<JournalRead>();
    const added: string[] = [];
    const said: string[] = [];
    const journal = {
      read: () => read.promise,
      begin: () => {},
      add: (text: string) => void added.push(text),
      written: async () => {},
    };
    const say = (_: object, sentence: string) => void said.push(sentence);
    const {start, feed, close} = makeRevocationFeed(
      {revocation: {onFeedLost: 'keep', lostAfter: 5_000, keep: 86_400_000}} as Settings,
      undefined,
      {
        // The 30 s that it waits are over at once.
        clocks: {...clocks, sleep: () => clocks.pause()},
        log: {info: say, warn: say} as unknown as Log,
        metrics: silentMetrics,
        state: {journal: () => journal} as unknown as State,
      },
    );
    assert.throws(() => feed.revoked(thief, 0), /have not been read yet/);
    await start();
    assert.equal(feed.revoked(thief, 0), false);
    assert.match(said.join(), /could not be read in 30 s: they count when they have been/);

    read.resolve({texts: [writtenElement(thievery)], asOf: undefined});
    await clocks.pause();
    assert.equal(feed.revoked(thief, 0), true);
    assert.deepEqual(added, [writtenElement(thievery)], 'it stands in the own file, too');
    await close();
  });

  it('are written anew under a key that is changed: the next start may have that one alone', async () => {
    const folder = temporaryFolder();
    const configured = async (sealKey: unknown) => {
      const settings = {
        providers: [{name: 'acme', type: 'oidc', issuer: 'https://id.example', audience: ['orders-api']}],
        rules: [{name: 'all', match: {}, require: {}}],
        log: {level: 'silent'},
        state: {dir: 'state', sealKey},
      };
      writeFiles(folder, {'postern.yaml': settings});
      const loaded = await loadSettings(join(folder, 'postern.yaml'));
      assert.ok(loaded.settings, JSON.stringify(loaded.errors));
      return loaded.settings;
    };
    const [old, next] = ['the key of before, of 32 characters', 'the key of after, of 32 characters.'];
    const first = await makeShared(await configured(old), () => [], {keeps: true});
    await first.start();
    await first.revocation.feed.add(thievery);
    first.renewStateSeal(await configured([next, old]));
    await first.close();

    const second = await makeShared(await configured(next), () => [], {keeps: true});
    await second.start();
    assert.equal(second.revocation.feed.revoked(thief, 0), true);
    await second.close();
  });
});
