// postern entitlements grant, ungrant and check, by each source: the file keeps its comments, Redis tells every instance, and
// whoever else gives plans is named.
import assert from 'node:assert/strict';
import {readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {startServer} from '../remote/servers.ts';
import {freePort, temporaryFolder} from '../support/ports.ts';
import {mainFile, runPostern, startPostern, writeFiles} from '../support/postern.ts';
import {type Redis, startRedis} from '../support/redis.ts';
import {apiKey, clientId, startFrontegg} from '../support/vendors/frontegg.ts';
import {own as frontierOwn, startFrontier} from '../support/vendors/frontier.ts';

const rules = [{name: 'reports', match: {path: '/**'}, require: {features: ['reports']}}];
const keys = {name: 'keys', type: 'apiKeys', file: 'keys.yaml'};
const text = `# Who has bought what.
features:
  orders: {permissions: [orders.read]} # everybody's
  reports: {}
plans:
  free: {features: [orders], default: true}
  pro: {features: [orders, reports]}

grants:
  # our first customer
  - {plan: pro, tenant: acme} # for ever
`;

describe('postern entitlements grant and ungrant', function () {
  this.timeout(60_000);
  let folder: string;
  const file = () => join(folder, 'entitlements.yaml');
  const content = () => readFileSync(file(), 'utf8');
  const run = async (...args: string[]) => runPostern(['entitlements', ...args], {}, mainFile, folder);
  const done = async (...args: string[]) => {
    const {code, output} = await run(...args);
    assert.equal(code, 0, output);
    return output;
  };
  const refused = async (said: RegExp, ...args: string[]) => {
    const {code, output} = await run(...args);
    assert.match(output, said);
    assert.equal(code, 1);
    assert.doesNotMatch(output, /\n\s+at /, 'no stack');
  };

  describe('in a file', () => {
    beforeEach(() => {
      folder = temporaryFolder();
      const source = {type: 'file', path: 'entitlements.yaml'};
      writeFiles(folder, {
        'postern.yaml': {rules, providers: [keys], entitlements: {source}},
        'entitlements.yaml': text,
      });
    });

    it('gives, changes the end, asks, and takes back; comments and all else stay', async () => {
      assert.match(
        await done('check', '--tenant', 'tiny', '--feature', 'reports'),
        /^no: tenant tiny: the feature reports: missing_feature\n/,
      );
      assert.equal(
        await done('grant', '--tenant', 'tiny', '--plan', 'pro', '--expires', '2031-01-31'),
        'granted: plan="pro" tenant="tiny" until 2031-01-31\n',
      );
      assert.equal(content(), `${text}  - {plan: pro, tenant: tiny, expires: 2031-01-31}\n`);
      assert.match(
        await done('check', '--tenant', 'tiny', '--feature', 'reports'),
        /^yes: .*\n.*\n {2}the plan pro was given to the tenant tiny until 2031/,
      );
      assert.equal(
        await done('grant', '--tenant', 'tiny', '--plan', 'pro'),
        'granted: plan="pro" tenant="tiny" for ever (was: until 2031-01-31)\n',
      );
      assert.equal(content(), `${text}  - {plan: pro, tenant: tiny}\n`);
      await done('grant', '--tenant', 'tiny', '--plan', 'pro', '--user', 'u: 7');
      assert.equal(content(), `${text}  - {plan: pro, tenant: tiny}\n  - {plan: pro, tenant: tiny, user: "u: 7"}\n`);
      assert.equal(
        await done('ungrant', '--tenant', 'tiny', '--plan', 'pro'),
        'taken back: plan="pro" tenant="tiny"\n',
      );
      assert.equal(content(), `${text}  - {plan: pro, tenant: tiny, user: "u: 7"}\n`);
      await done('ungrant', '--tenant', 'tiny', '--plan', 'pro', '--user', 'u: 7');
      assert.equal(content(), text);
    });

    it('list says who has what, and --json in the form that load takes', async () => {
      await done('grant', '--tenant', 'tiny', '--plan', 'pro', '--user', 'u1');
      const all = (await done('list')).trim().split('\n');
      assert.deepEqual(all, ['tenant="acme" plan="pro" for ever', 'tenant="tiny" user="u1" plan="pro" for ever']);
      assert.equal(await done('list', '--tenant', 'tiny'), `${all[1]}\n`);
      assert.equal(await done('list', '--tenant', 'nobody'), 'no grants of the tenant nobody\n');
      const lines = (await done('list', '--json')).trim().split('\n');
      const {found, ...others} = Object.groupBy(lines, (line) =>
        /^\{"(feature|plan|flag)"/.test(line) ? 'head' : 'found',
      );
      assert.equal(found?.length, 2);
      assert.ok((others.head?.length ?? 0) >= 2);
      writeFileSync(join(folder, 'again.jsonl'), `${lines.join('\n')}\n`);
      writeFiles(folder, {
        'again.yaml': {rules, providers: [keys], entitlements: {source: {type: 'file', path: 'again.jsonl'}}},
      });
      const again = await runPostern(['entitlements', 'list', '--json', '-c', 'again.yaml'], {}, mainFile, folder);
      assert.equal(again.output.trim(), lines.join('\n'));
    });

    it('the last one is taken back, and a first one given', async () => {
      await done('ungrant', '--tenant', 'acme', '--plan', 'pro');
      assert.match(await done('check', '--tenant', 'acme', '--feature', 'reports'), /^no: /);
      await done('grant', '--tenant', 'acme', '--plan', 'pro');
      assert.match(await done('check', '--tenant', 'acme', '--feature', 'reports'), /^yes: /);
      writeFileSync(file(), text.slice(0, text.indexOf('\ngrants:')));
      await done('grant', '--tenant', 'acme', '--plan', 'pro');
      assert.match(content(), /^# Who has bought what\.\n[\s\S]*grants:\n {2}- \{plan: pro, tenant: acme\}\n$/);
    });

    it('a count that the file says is kept right, a link is followed, and JSON stays JSON', async () => {
      writeFileSync(file(), `grantCount: 1\n${text}`);
      await done('grant', '--tenant', 'tiny', '--plan', 'pro');
      assert.match(content(), /^grantCount: 2\n/);
      const source = {type: 'file', path: 'link.json'};
      const document = {features: {reports: {}}, plans: {pro: {features: ['reports']}}};
      writeFiles(folder, {
        'postern.yaml': {rules, providers: [keys], entitlements: {source}},
        'real.json': JSON.stringify(document),
      });
      symlinkSync('real.json', join(folder, 'link.json'));
      await done('grant', '--tenant', 't', '--plan', 'pro');
      assert.deepEqual(JSON.parse(readFileSync(join(folder, 'real.json'), 'utf8')), {
        ...document,
        grants: [{plan: 'pro', tenant: 't'}],
      });
    });

    const refusals: [title: string, args: string[], said: RegExp, change?: (text: string) => string][] = [
      [
        'a plan that does not exist names the nearest',
        ['grant', '--plan', 'prro'],
        /^there is no plan "prro"; did you mean "pro"\?\n$/,
      ],
      ['one that is near none names all', ['grant', '--plan', 'x'], /^there is no plan "x"; known here: free, pro\n$/],
      [
        'an end that is over',
        ['grant', '--plan', 'pro', '--expires', '2020-01-31'],
        /^--expires: 2020-01-31 is over: give a later date/,
      ],
      [
        'an end that is none',
        ['grant', '--plan', 'pro', '--expires', 'soon'],
        /^--expires: "soon" is not a date: write 2027-01-31/,
      ],
      ['a day that is none', ['grant', '--plan', 'pro', '--expires', '2031-02-31T25:00:00Z'], /is not a date/],
      ['no tenant', ['grant', '--plan', 'pro', '--tenant', ''], /^--tenant: is not a text of 1 to 256 characters\n$/],
      [
        'a grant that is not there',
        ['ungrant', '--plan', 'pro'],
        /there is no such grant: the tenant tiny has no grants at all\n$/,
      ],
      [
        'another plan of the tenant',
        ['ungrant', '--plan', 'free', '--tenant', 'acme'],
        /there is no such grant: the tenant acme has pro\n$/,
      ],
      [
        'a file that is broken',
        ['grant', '--plan', 'pro'],
        /entitlements\.yaml: is broken, mend it first: line 2: /,
        (good) => good.replace('features:', 'featurs:'),
      ],
      [
        'a file that is no YAML',
        ['grant', '--plan', 'pro'],
        /is broken, mend it first: line 13: is not YAML/,
        (good) => `${good}\n  - [`,
      ],
    ];
    for (const [title, [command = '', ...args], said, change = (same: string) => same] of refusals) {
      it(`${title}: refused, and the file stays as it was`, async () => {
        writeFileSync(file(), change(text));
        await refused(said, command, '--tenant', 'tiny', ...args);
        assert.equal(content(), change(text));
      });
    }

    it('whoever runs sees it within two seconds', async () => {
      const source = {type: 'file', path: 'entitlements.yaml'};
      const settings = {
        providers: [keys],
        rules: [{name: 'open', match: {path: '/**'}, public: true}],
        entitlements: {source, cache: {fresh: '10m', stale: '20m'}},
      };
      const postern = await startPostern(settings, {files: {'entitlements.yaml': text, 'keys.yaml': 'keys: []\n'}});
      folder = postern.folder;
      assert.equal(await postern.metric('postern_entitlements_grants'), 1);
      await done('grant', '--tenant', 'tiny', '--plan', 'pro');
      const until = performance.now() + 10_000;
      while ((await postern.metric('postern_entitlements_grants')) !== 2) assert.ok(performance.now() < until);
      await postern.stop();
    });
  });

  describe('in Redis', () => {
    let redis: Redis;
    before(async () => {
      redis = await startRedis();
      folder = temporaryFolder();
      const settings = {rules, providers: [keys], redis: {url: redis.url}, entitlements: {source: {type: 'redis'}}};
      writeFiles(folder, {'postern.yaml': settings, 'all.yaml': text, 'keys.yaml': 'keys: []\n'});
    });
    after(() => redis?.stop());

    it('says so where nothing has been loaded', () =>
      refused(/run postern entitlements load FILE/, 'grant', '--tenant', 't', '--plan', 'pro'));

    it('gives, changes the end, and takes back; a running instance is told', async () => {
      await done('load', 'all.yaml');
      const settings = {
        redis: {url: redis.url},
        admin: {listen: `127.0.0.1:${await freePort()}`, token: 'a-token-of-tests'},
        rules: [{name: 'open', match: {path: '/**'}, public: true}],
        entitlements: {source: {type: 'redis'}, cache: {fresh: '10m', stale: '20m'}},
      };
      const postern = await startPostern(settings);
      const isEntitled = async () => {
        const url = `${postern.adminUrl}/entitlements/check?tenant=tiny&feature=reports`;
        const answer = await fetch(url, {headers: {authorization: 'Bearer a-token-of-tests'}});
        return ((await answer.json()) as {entitled: boolean}).entitled;
      };
      assert.equal(await isEntitled(), false);
      const before = (await postern.metric('postern_entitlements_grants')) ?? Number.NaN;
      assert.equal(
        await done('grant', '--tenant', 'tiny', '--plan', 'pro', '--expires', '2031-01-31'),
        'granted: plan="pro" tenant="tiny" until 2031-01-31\n',
      );
      const until = performance.now() + 10_000;
      while (!(await isEntitled())) assert.ok(performance.now() < until, 'it has not been told');
      assert.equal(await postern.metric('postern_entitlements_grants'), before + 1);
      await postern.stop();
      assert.match(
        await done('grant', '--tenant', 'tiny', '--plan', 'pro'),
        /for ever \(was: until 2031-01-31T00:00:00\.000Z\)\n$/,
      );
      assert.equal(await done('list', '--tenant', 'tiny'), 'tenant="tiny" plan="pro" for ever\n');
      await refused(/^there is no plan "prro"; did you mean "pro"\?\n$/, 'grant', '--tenant', 'tiny', '--plan', 'prro');
      await refused(
        /^there is no such grant: the tenant tiny has pro\n$/,
        'ungrant',
        '--tenant',
        'tiny',
        '--plan',
        'free',
      );
      await done('ungrant', '--tenant', 'tiny', '--plan', 'pro');
      assert.match(
        await done('check', '--tenant', 'tiny', '--feature', 'reports'),
        /^no: .*\n[\s\S]*has no grants at all/,
      );
    });

    it('two at once lose nothing', async () => {
      const users = Array.from({length: 4}, (_, at) => `u${at}`);
      await Promise.all(users.map((user) => done('grant', '--tenant', 'many', '--plan', 'pro', '--user', user)));
      for (const user of users) assert.ok((await done('list', '--tenant', 'many')).includes(`user="${user}"`));
    });
  });

  describe('elsewhere', () => {
    it('names who gives plans, and how it counts here', async () => {
      folder = temporaryFolder();
      const frontegg = {baseUrl: 'https://api.frontegg.com', clientId: 'c', apiKey: 'k'};
      const rows: [source: object | undefined, said: RegExp][] = [
        [{type: 'frontegg', ...frontegg}, /^Frontegg keeps who has which plan: assign it there .*entitlements drop/],
        [{type: 'kinde', domain: 'https://acme.kinde.com'}, /^Kinde keeps who has which plan/],
        [{type: 'http', url: 'https://billing.example/e'}, /^the service at https:\/\/billing\.example\/e keeps/],
        [undefined, /^the setting entitlements\.source is missing: name a file, or Redis/],
      ];
      for (const [source, said] of rows) {
        const open = [{name: 'open', match: {path: '/**'}, public: true}];
        writeFiles(folder, {'postern.yaml': {rules: open, ...(source && {entitlements: {source}})}});
        await refused(said, 'grant', '--tenant', 't', '--plan', 'pro');
        await refused(said, 'ungrant', '--tenant', 't', '--plan', 'pro');
      }
      writeFiles(folder, {
        'postern.yaml': {
          rules: [{name: 'open', match: {path: '/**'}, public: true}],
          entitlements: {source: {type: 'kinde', domain: 'https://acme.kinde.com'}},
        },
      });
      await refused(
        /^Kinde says what was bought to the user's own token only: postern explain/,
        'check',
        '--tenant',
        't',
        '--feature',
        'x',
      );
    });

    it('check asks the running process', async () => {
      const document = {
        features: {reports: {}},
        plans: {pro: {features: ['reports']}},
        grants: [{plan: 'pro', tenant: 'acme'}],
      };
      const billing = await startServer((_request, response) => {
        response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(document));
      });
      const settings = {
        admin: {listen: `127.0.0.1:${await freePort()}`, token: 'a-token-of-tests'},
        rules: [{name: 'open', match: {path: '/**'}, public: true}],
        entitlements: {source: {type: 'http', url: billing.url}},
      };
      const postern = await startPostern(settings);
      folder = postern.folder;
      const by = '  by what the running process has from http\n';
      assert.equal(
        await done('check', '--tenant', 'acme', '--feature', 'reports'),
        `yes: tenant acme: the feature reports\n${by}`,
      );
      assert.equal(
        await done('check', '--tenant', 'tiny', '--user', 'u1', '--feature', 'reports'),
        `no: tenant tiny, user u1: the feature reports: missing_feature\n${by}`,
      );
      const {entitled, reason} = JSON.parse(await done('check', '--tenant', 'tiny', '--permission', 'x', '--json'));
      assert.deepEqual([entitled, reason], [false, 'missing_feature']);
      const url = `${postern.adminUrl}/entitlements/check`;
      const authorization = {authorization: 'Bearer a-token-of-tests'};
      // A tenant alone: all that it holds. Nobody at all is a mistake.
      assert.equal((await fetch(`${url}?tenant=acme`, {headers: authorization})).status, 200);
      assert.equal((await fetch(`${url}?feature=reports`, {headers: authorization})).status, 400);
      assert.equal((await fetch(`${url}?tenant=acme&feature=reports`)).status, 401);
      await postern.stop();
      await billing.close();
      await refused(/is Postern running\?\n$/, 'check', '--tenant', 'acme', '--feature', 'reports');
    });

    /** What a vendor's own server says, by the process that has asked it. */
    const vendors: [name: string, begin: () => Promise<{source: object; close: () => Promise<unknown>}>][] = [
      [
        'frontegg',
        async () => {
          const cloud = await startFrontegg();
          cloud.entitlements.data = {
            features: [
              ['f1', 'reports', []],
              ['f2', 'seats', []],
            ],
            featureBundles: [['pro', ['f1'], 'false', []]],
            entitlements: [['pro', 'acme', null, null]],
            featureFlags: [],
          };
          return {source: {type: 'frontegg', baseUrl: cloud.url, clientId, apiKey}, close: cloud.stop};
        },
      ],
      [
        'frontier',
        async () => {
          const server = await startFrontier('connect');
          server.features.add('acme reports');
          return {source: {type: 'frontier', url: server.url, api: 'connect', ...frontierOwn}, close: server.close};
        },
      ],
    ];
    for (const [name, begin] of vendors) {
      it(`check asks the running process what ${name} has told it`, async () => {
        const {source, close} = await begin();
        const settings = {
          admin: {listen: `127.0.0.1:${await freePort()}`, token: 'a-token-of-tests'},
          providers: [{name: 'keys', type: 'apiKeys', file: 'keys.yaml', credentials: [{header: 'x-api-key'}]}],
          rules: [
            {name: 'reports', match: {path: '/reports'}, require: {features: ['reports', 'seats']}},
            {name: 'open', match: {path: '/**'}, public: true},
          ],
          entitlements: {source},
        };
        const files = {'keys.yaml': 'keys: []\n'};
        const postern = await startPostern(settings, {files});
        folder = postern.folder;
        const by = `  by what the running process has from ${name}\n`;
        const check = ['check', '--feature', 'reports', '--tenant'];
        assert.equal(await done(...check, 'acme'), `yes: tenant acme: the feature reports\n${by}`);
        assert.equal(
          await done(...check, 'tiny', '--user', 'u1'),
          `no: tenant tiny, user u1: the feature reports: missing_feature\n${by}`,
        );
        const told = JSON.parse(await done(...check, 'acme', '--json'));
        assert.equal(told.entitled, true);
        const all = await done('check', '--tenant', 'acme');
        assert.match(all, /^ {2}has the features: reports$/m);
        assert.equal(all.includes('of those that rules ask for: reports, seats'), name === 'frontier', all);
        assert.equal(all.includes('no plan'), false, all);
        if (name === 'frontier') assert.match(await done('check', '--tenant', 'tiny'), /^ {2}has none of them$/m);
        await refused(
          new RegExp(`what ${name} keeps is listed there; postern entitlements check --tenant TENANT asks about one`),
          'list',
        );
        await refused(/keeps who has which plan/, 'grant', '--tenant', 'acme', '--plan', 'pro');
        await refused(/keeps who has which plan/, 'ungrant', '--tenant', 'acme', '--plan', 'pro');
        await postern.stop();
        await close();
        await refused(/is Postern running\?\n$/, ...check, 'acme');
      });
    }
  });
});
