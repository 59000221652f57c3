// What the identity of something on disk tells, and what it does not.
import assert from 'node:assert/strict';
import type {Settings} from '../../src/config/schema.ts';
import {redisIdentity, sourceIdentity} from '../../src/wiring/state.ts';

const redisOf = (settings: object) => ({prefix: 'postern:', ...settings}) as Settings['redis'];
const sourceOf = (source: object) => ({source}) as NonNullable<Settings['entitlements']>;

describe('what is kept on disk is named by', () => {
  const redis: [object, string][] = [
    [{url: 'redis://user:secret@redis:6379'}, 'Redis redis:6379/0 prefix postern:'],
    [{url: 'rediss://redis:6379/3', prefix: 'x:'}, 'Redis redis:6379/3 prefix x:'],
    [
      {
        cluster: [
          {host: 'b', port: 2},
          {host: 'a', port: 1},
        ],
      },
      'Redis cluster a:1,b:2 prefix postern:',
    ],
    [
      {sentinel: {master: 'main', nodes: [{host: 'a', port: 1}], password: 'secret'}},
      'Redis master main of a:1 prefix postern:',
    ],
  ];
  for (const [settings, told] of redis) {
    it(told, () => assert.equal(redisIdentity(redisOf(settings)), told));
  }
  it('no Redis', () => assert.equal(redisIdentity(undefined), 'no Redis'));

  const http = {
    type: 'http',
    url: 'https://plans.example/all',
    token: 'secret',
    timeout: 1,
    maxBytes: 2,
    insecure: false,
  };
  it('the source, without secrets and what changes no answer', () => {
    assert.equal(sourceIdentity(sourceOf(http), undefined), 'source http, url https://plans.example/all');
    assert.equal(
      sourceIdentity(sourceOf({...http, token: 'another', timeout: 5}), undefined),
      sourceIdentity(sourceOf(http), undefined),
    );
    assert.equal(
      sourceIdentity(sourceOf({type: 'redis'}), redisOf({url: 'redis://u:p@r:1/2'})),
      'source redis, Redis r:1/2 prefix postern:',
    );
  });
  it('a query by its hash alone: it may hold a key', () => {
    const of = (query: string) =>
      sourceIdentity(sourceOf({...http, url: `https://plans.example/all?${query}`}), undefined);
    assert.doesNotMatch(of('key=secret'), /secret|key=/);
    assert.notEqual(of('key=secret'), of('key=other'));
  });
});
