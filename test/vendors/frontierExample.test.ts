// examples/frontier.yaml as it stands, and the rules of its guide, before a stand-in for Frontier.
import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {parse, stringify} from 'yaml';
import {checkText} from '../../src/config/load.ts';
import {type CheckClient, checkRequestOf, makeCheckClient} from '../support/checkClient.ts';
import {type Postern, startPostern} from '../support/postern.ts';
import {cookieKeys, type Frontier, own, type Subject, startFrontier} from '../support/vendors/frontier.ts';

const ada: Subject = {id: randomUUID(), type: 'app/user', organizations: ['org-1']};
const robot: Subject = {id: randomUUID(), type: 'app/serviceuser', organizations: ['org-1']};
const basic = (text: string): Headers => [['authorization', `Basic ${Buffer.from(text).toString('base64')}`]];

type Headers = readonly (readonly [string, string])[];

for (const api of ['connect', 'rest'] as const) {
  describe(`the example of frontier, ${api}`, () => {
    let frontier: Frontier;
    let postern: Postern;
    let client: CheckClient;
    const [live, off, gone] = [randomUUID(), randomUUID(), randomUUID()];
    before(async () => {
      frontier = await startFrontier(api);
      frontier.sessions
        .set(live, ada)
        .set(off, {...ada, disabled: true})
        .set(gone, {...ada, deleted: true});
      frontier.secrets.set('cred-1:secret', robot);
      frontier.relations.add(`${ada.id} get app/project:p1`);
      frontier.features.add('org-1 reports');
      const example = readFileSync(new URL('../../examples/frontier.yaml', import.meta.url), 'utf8');
      postern = await startPostern(parse(example), {
        env: {
          FRONTIER_URL: frontier.url,
          FRONTIER_API: api,
          FRONTIER_HASH_KEY: cookieKeys.hashKey,
          FRONTIER_BLOCK_KEY: cookieKeys.blockKey,
          FRONTIER_CLIENT_ID: own.clientId,
          FRONTIER_CLIENT_SECRET: own.clientSecret,
        },
      });
      client = makeCheckClient(postern.address);
    });
    after(async () => {
      client?.close();
      await postern?.stop();
      await frontier?.close();
    });

    const sid = (session: string): Headers => [['cookie', `sid=${frontier.cookie(session)}`]];
    const rows: readonly [what: string, method: string, path: string, headers: () => Headers, status: string][] = [
      ['health, by anyone', 'GET', '/healthz', () => [], 'OK'],
      ['nobody', 'GET', '/me', () => [], 'Unauthorized'],
      ['whoever has signed in', 'GET', '/me', () => sid(live), 'OK'],
      ['a session that is over', 'GET', '/me', () => sid(randomUUID()), 'Unauthorized'],
      // Frontier does not find who is disabled.
      ['someone switched off', 'GET', '/me', () => sid(off), 'NotFound'],
      ['someone deleted', 'GET', '/me', () => sid(gone), 'NotFound'],
      ['a wrong secret', 'GET', '/me', () => basic('cred-1:wrong'), 'Unauthorized'],
      ['a project that may be read', 'GET', '/projects/p1', () => sid(live), 'OK'],
      ['another project', 'GET', '/projects/p2', () => sid(live), 'Forbidden'],
      ['the same as services take it that ignore case', 'GET', '/Projects/p2', () => sid(live), 'Forbidden'],
      ['what no rule opens', 'GET', '/other', () => sid(live), 'Forbidden'],
      ['a project that may be read, changed', 'POST', '/projects/p1', () => sid(live), 'Forbidden'],
      ['an import by a program', 'POST', '/orgs/org-1/import/x', () => basic('cred-1:secret'), 'OK'],
      ['an import by a person', 'POST', '/orgs/org-1/import/x', () => sid(live), 'Forbidden'],
      ['reports that were bought', 'GET', '/orgs/org-1/reports/x', () => sid(live), 'OK'],
      ['reports of another organisation', 'GET', '/orgs/org-2/reports/x', () => sid(live), 'Forbidden'],
    ];
    for (const [what, method, path, headers, expected] of rows) {
      it(`${what}: ${expected}`, async () => {
        const {status, deniedResponse, errorResponse} = await client.check(
          checkRequestOf({method, path, headers: headers()}),
        );
        const refused = deniedResponse ?? errorResponse;
        assert.equal(status?.code === 0 ? 'OK' : refused?.status?.code, expected, refused?.body ?? '');
      });
    }
  });
}

describe('the guide of frontier', () => {
  const guide = readFileSync(new URL('../../docs/guides/frontier.md', import.meta.url), 'utf8');
  const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => parse(text));

  it('has settings that are good settings, all together', async () => {
    assert.ok(blocks.length > 5);
    const settings = {
      ...Object.assign({}, ...blocks.filter((block) => !Array.isArray(block))),
      rules: blocks.flatMap((block) => (Array.isArray(block) ? block : (block.rules ?? []))),
    };
    const environment = new Map([
      ['FRONTIER_HASH_KEY', cookieKeys.hashKey],
      ['FRONTIER_BLOCK_KEY', cookieKeys.blockKey],
      ['FRONTIER_CLIENT_ID', own.clientId],
      ['FRONTIER_CLIENT_SECRET', own.clientSecret],
    ]);
    const {errors = []} = await checkText(stringify(settings), 'postern.yaml', {
      variable: (name) => environment.get(name),
      readFile: async () => ({fault: 'there is no file'}),
      resolve: (path) => path,
    });
    assert.deepEqual(errors, []);
  });
});
