// The explorer in a real Chromium, as an operator uses it: decisions, why, a typed request, rules, revoke and take back.
import assert from 'node:assert/strict';
import {type Page, seen, shows, startBrowser, type Tab, type TestBrowser} from '../support/browser.ts';
import {adminToken, type ExplorerStage, startExplorerStage} from '../support/explorerStage.ts';

describe('the explorer', function () {
  this.timeout(120_000);
  let stage: ExplorerStage;
  let browser: TestBrowser;
  let tab: Tab;
  let page: Page;

  before(async () => {
    browser = await startBrowser();
    stage = await startExplorerStage();
    await stage.happen();
  });
  after(async () => {
    await browser?.stop();
    await stage?.stop();
  });
  beforeEach(async () => {
    tab = await browser.open();
    page = tab.page;
  });
  afterEach(async () => {
    const {complaints, dialogs} = tab;
    await tab.close();
    // A refusal of the port is written down by the browser as well.
    assert.deepEqual(
      [complaints.filter((line) => !/^Failed to load resource: .* 4\d\d /.test(line)), dialogs],
      [[], []],
    );
  });

  const address = (view = '') => `${stage.postern.adminUrl}/explorer${view}`;
  const enter = async (view = '') => {
    await page.goto(address(view));
    await page.getByLabel('Admin token').fill(adminToken);
    await page.getByRole('button', {name: 'Open'}).click();
    await page.getByRole('navigation', {name: 'Views'}).waitFor();
  };
  const go = async (view: string, heading: string) => {
    await page.getByRole('link', {name: view, exact: true}).click();
    await page.getByRole('heading', {name: heading, exact: true, level: 1}).waitFor();
  };
  const rows = () => page.locator('.decisions tbody tr');
  const settled = async (count: number, shown = rows()) => {
    for (let left = 400; left > 0 && (await shown.count()) !== count; left--) await page.waitForTimeout(50);
    assert.equal(await shown.count(), count);
  };

  it('a wrong token is told, the right one opens, and it is nowhere but in this tab, until it is locked', async () => {
    await page.goto(address());
    await page.getByLabel('Admin token').fill('not-the-token-at-all');
    await page.keyboard.press('Enter');
    await page.getByText('This is not the admin token of this Postern.').waitFor();
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
    assert.equal(await page.getByRole('navigation').count(), 0);
    await page.getByLabel('Admin token').fill(adminToken);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', {name: 'Decisions'}).waitFor();
    assert.equal(await page.evaluate('[localStorage.length, document.cookie, location.search].join()'), '0,,');
    assert.deepEqual(await page.context().cookies(), []);
    assert.ok(tab.asked.every((url) => !url.includes(adminToken)));
    await page.reload();
    await page.getByRole('heading', {name: 'Decisions'}).waitFor();
    await page.getByRole('button', {name: 'Lock'}).click();
    await page.getByLabel('Admin token').waitFor();
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });

  it('a token that opens no more leads back to the door, and says so', async () => {
    await enter();
    await page.evaluate('sessionStorage.setItem("postern-admin-token", "another-token-by-now")');
    await page.getByRole('link', {name: 'System'}).click();
    await page.getByText('The token does not open this port any more.').waitFor();
    await shows(page.getByRole('heading', {level: 1}), /^Explorer$/);
  });

  it('filters: by outcome, reason, rule, tenant and text; the address keeps them', async () => {
    await enter();
    await settled(27);
    await page.getByLabel('Outcome').selectOption('deny');
    await settled(8);
    await page.getByLabel('Reason').selectOption('wrong_tenant');
    await settled(1);
    await shows(rows(), /Denied[\s\S]*wrong_tenant[\s\S]*\/orgs\/globex\/orders\/7[\s\S]*alice/);
    await page.reload();
    await settled(1);
    assert.equal(await page.getByLabel('Reason').inputValue(), 'wrong_tenant');
    await page.getByRole('button', {name: 'Clear'}).click();
    await settled(27);
    await page.getByLabel('Tenant').fill('globex');
    await page.keyboard.press('Enter');
    await settled(3);
    await page.getByRole('button', {name: 'Clear'}).click();
    await page.getByLabel('Rule').selectOption('beta');
    await settled(1);
    await shows(rows(), /Shadow denial/);
    await page.getByRole('button', {name: 'Clear'}).click();
    await page.getByLabel('Text').fill('ORDERS/8 alice');
    await settled(1);
    await page.getByLabel('Text').fill('nothing like it');
    await page.getByText('None of those that came holds this text.').waitFor();
  });

  it('decisions come as they are made; paused, they wait', async () => {
    await enter('#/decisions?rule=old-api');
    await page.getByText('Live', {exact: true}).waitFor();
    await settled(1);
    await stage.ask('/v1/first');
    await page.getByText('/v1/first').waitFor();
    await page.getByRole('button', {name: 'Pause'}).click();
    await stage.ask('/v1/second');
    await stage.ask('/healthz');
    await page.getByText('Paused, 1 new').waitFor();
    assert.equal(await rows().count(), 2);
    await page.getByRole('button', {name: 'Go on'}).click();
    await page.getByText('/v1/second').waitFor();
    await shows(rows().first(), /\/v1\/second/);
  });

  it('a click on a live denial tells why, step by step', async () => {
    await enter('#/decisions?reason=missing_role&outcome=deny');
    await page.locator('.reason').first().waitFor();
    const token = await stage.sign({sub: 'erin', org_id: 'acme', roles: ['viewer']});
    await stage.ask('/orgs/acme/orders/42', {method: 'PUT', token});
    await page.locator('tr', {hasText: '/orgs/acme/orders/42'}).getByText('erin').click();
    const steps = page.getByRole('region', {name: 'Explanation'});
    await steps.getByText('it comes to the same').waitFor();
    const said = await seen(steps);
    for (const part of [
      /Rule\s+write-orders matches/,
      /2 rules passed over/,
      /Found in header authorization \(bearer\); acme vouches for it/,
      /The user erin of the tenant acme, verified by acme/,
      /roles\s+any of admin, owner\s+viewer\s+no/,
      /tenant\s+acme\s+acme\s+yes/,
      /Status\s+403/,
      /"code": "missing_role"/,
    ])
      assert.match(said, part);
    assert.doesNotMatch(await page.content(), /eyJ/);
  });

  it('the id in the body of a refusal leads to its explanation', async () => {
    const refused = await stage.ask('/orgs/acme/orders/13');
    const {decision} = JSON.parse(refused.deniedResponse?.body ?? '{}');
    await enter(`#/decisions/${decision}`);
    await page.getByText('This needs a credential, and the request has none.').first().waitFor();
    await page.getByText('There is none.').waitFor();
    await page.goto(address('#/decisions/00000000-none'));
    await page.getByText('This decision is not kept').waitFor();
  });

  describe('a request that is typed in', () => {
    const answer = () => page.getByRole('region', {name: 'Answer'});

    it('with claims, with a token, and as a curl command', async () => {
      await enter('#/ask');
      await page.getByLabel('Path').fill('/orgs/acme/orders/1');
      await page.getByLabel('Host').fill('api.acme.example');
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().getByText('no_credential').first().waitFor();

      await page.getByRole('radio', {name: 'Claims'}).check();
      await page.getByRole('textbox', {name: 'Claims'}).fill('{"sub": "zoe", "org_id": "acme"}');
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().getByText('Allowed').waitFor();
      const allowed = await seen(answer());
      assert.match(allowed, /The user zoe of the tenant acme[\s\S]*feature orders\s+live\s+pro, granted to the tenant/);
      assert.match(allowed, /Plans, the highest first: pro\s+[\s\S]*seats\s+35\s+by a grant of pro[\s\S]*and 10 more/);

      await page.getByLabel('Path').fill('/orgs/acme/reports/2026');
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().getByText('It would be opened by').waitFor();
      const refused = await seen(answer());
      assert.match(
        refused,
        /feature reports\s+no bundle-expired\s+analytics, granted to the tenant until Jan 31, 2026/,
      );
      assert.match(refused, /It would be opened by analytics \(for the feature reports\)\./);
      await page.getByLabel('Path').fill('/orgs/acme/orders/1');

      await page.getByLabel('A token').check();
      await page.getByRole('textbox', {name: 'Token'}).fill(await stage.sign({sub: 'yan', org_id: 'globex'}));
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().getByText('tenant: wanted "acme", got "globex"').first().waitFor();

      await page.getByLabel('Nobody').check();
      await page.getByLabel('Paste a curl command').check();
      await page
        .getByRole('textbox', {name: 'curl'})
        .fill("curl -X POST 'https://api.acme.example/v1/orders' -H 'accept: */*'");
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().getByText('denied_by_rule').first().waitFor();
    });

    it('bad input gets a sentence', async () => {
      await enter('#/ask');
      await page.getByRole('button', {name: 'Explain'}).click();
      assert.equal(await answer().getByRole('heading').count(), 0);
      await page.getByLabel('Path').fill('/x');
      await page.getByRole('radio', {name: 'Claims'}).check();
      await page.getByRole('textbox', {name: 'Claims'}).fill('{sub: alice}');
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().getByText('The claims are no JSON').waitFor();
      await page.getByRole('radio', {name: 'Nobody'}).check();
      await page.getByLabel('Headers').fill('no colon');
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().getByText('no colon').waitFor();
      await page.getByLabel('Paste a curl command').check();
      await page.getByRole('textbox', {name: 'curl'}).fill("curl 'https://api.acme");
      await page.getByRole('button', {name: 'Explain'}).click();
      await answer().locator('.notice.bad').waitFor();
    });

    it('begins with a request that was made', async () => {
      await enter('#/decisions?reason=step_up_required');
      await page.locator('.decisions .request').first().click();
      await page.getByRole('link', {name: 'Ask about a request like this'}).click();
      assert.equal(await page.getByLabel('Path').inputValue(), '/admin/users');
    });
  });

  it('rules say how often they decided, and which never did', async () => {
    await enter('#/rules');
    await page.getByText('8 rules; the first that matches decides.').waitFor();
    const row = (name: string) => page.locator('.rules tbody tr', {hasText: name});
    await shows(row('health'), /nothing: public[\s\S]*allowed/);
    await shows(row('read-orders'), /GET HEAD[\s\S]*features: orders[\s\S]*11 allowed/);
    await shows(row('/admin'), /sign-in strength: at most 5 minutes ago[\s\S]*1 denied/);
    await page.getByLabel('Which rules').selectOption('never');
    await settled(1, page.locator('.rules tbody tr'));
    await shows(page.locator('.rules tbody tr'), /exports[\s\S]*never/);
    const token = await stage.sign({sub: 'robot', client_id: 'robot', org_id: 'acme', permissions: ['exports.read']});
    await stage.ask('/exports/all', {token});
    await page.getByRole('button', {name: 'Refresh'}).click();
    await page.getByText('Every rule has been hit.').waitFor();
  });

  it('providers with their keys, entitlements with their ends, parts and caches', async () => {
    await enter('#/providers');
    const provider = page.getByRole('region', {name: 'Provider acme'});
    await shows(provider, /acme\s+ready[\s\S]*oidc[\s\S]*ago[\s\S]*first\s+RSA 2048\s+RS256/);
    await go('Entitlements', 'Entitlements');
    await page.getByLabel('Tenant').fill('acme');
    await page.getByRole('button', {name: 'Look'}).click();
    await page.getByText('Live, the highest first: pro').waitFor();
    const said = await seen(page.getByRole('region', {name: 'What it has'}));
    assert.match(said, /analytics\s+the tenant\s+Jan 31, 2026[\s\S]*over/);
    assert.match(said, /reports\s+no bundle-expired|reports\s+no\s+bundle-expired/);
    assert.match(said, /calls\s+yes\s+5,000 per hour\s+by a grant of pro, for ever: 5,000 of the plan/);
    assert.match(said, /seats\s+yes\s+35\s+by a grant of pro, for ever: 25 of the plan, and 10 more/);
    await page.getByLabel('Tenant').fill('nobody');
    await page.getByRole('button', {name: 'Look'}).click();
    await page.getByText('There are no grants.').waitFor();
    await go('System', 'System');
    await shows(page.getByRole('table', {name: /Parts/}), /keys acme\s+ready/);
    await shows(page.getByRole('table', {name: /Caches/}), /principals\s+\d+\s+memory: /);
  });

  describe('revocations', () => {
    const outcome = async (token: string) =>
      JSON.parse((await stage.ask('/orgs/acme/orders/1', {token})).deniedResponse?.body ?? '{"code": "allowed"}').code;

    it('revoke, after a question, with who and why; undo lets in again', async () => {
      const token = await stage.sign({sub: 'mallory', org_id: 'acme'});
      assert.equal(await outcome(token), 'allowed');
      await enter('#/revocations?subject=mallory');
      await page.getByLabel('Why').fill('left the company');
      await page.getByLabel('By', {exact: true}).fill('op@acme.example');
      await page.getByRole('button', {name: 'Revoke…'}).click();
      const dialog = page.getByRole('dialog', {name: 'Revoke?'});
      await dialog.getByText('Refused from now on: the subject mallory.').waitFor();
      await dialog.getByRole('button', {name: 'Cancel'}).click();
      await dialog.waitFor({state: 'detached'});
      assert.equal(await outcome(token), 'allowed');
      await page.getByRole('button', {name: 'Revoke…'}).click();
      await page.getByRole('dialog').getByRole('button', {name: 'Revoke'}).click();
      await page.getByText('Revoked.').waitFor();
      assert.equal(await outcome(token), 'revoked');
      const row = page.locator('.revocations tbody tr');
      await shows(row, /the subject mallory[\s\S]*left the company[\s\S]*op@acme\.example/);
      await page.getByRole('button', {name: 'Undo'}).click();
      await page.getByRole('dialog', {name: 'Take back?'}).getByRole('button', {name: 'Take back'}).click();
      await page.getByText('Taken back.').waitFor();
      assert.equal(await outcome(token), 'allowed');
      await page.getByText('Nobody is revoked.').waitFor();
    });

    it('of a whole tenant, its name has to be typed; nobody at all is refused by the form', async () => {
      await enter('#/revocations?tenant=globex');
      await page.getByLabel('Why').fill('keys leaked');
      await page.getByLabel('By', {exact: true}).fill('op');
      await page.getByRole('button', {name: 'Revoke…'}).click();
      const dialog = page.getByRole('dialog');
      const yes = dialog.getByRole('button', {name: 'Revoke'});
      assert.ok(await yes.isDisabled());
      await dialog.getByLabel('To confirm, type globex').fill('globe');
      assert.ok(await yes.isDisabled());
      await dialog.getByLabel('To confirm, type globex').fill('globex');
      assert.ok(await yes.isEnabled());
      await page.keyboard.press('Escape');
      // Until it is gone, what is behind it takes no text.
      await dialog.waitFor({state: 'detached'});
      await page.getByLabel('Tenant', {exact: true}).fill('');
      await page.getByRole('button', {name: 'Revoke…'}).click();
      assert.equal(await page.getByRole('dialog').count(), 0);
      await page.getByText('Nobody is revoked.').waitFor();
    });
  });
});
