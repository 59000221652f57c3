// The explorer by keyboard alone, on a phone, in the dark, and as a screen reader finds it.
import assert from 'node:assert/strict';
import {faultsOfPage} from '../support/accessible.ts';
import {type Page, startBrowser, type Tab, type TestBrowser} from '../support/browser.ts';
import {adminToken, type ExplorerStage, startExplorerStage} from '../support/explorerStage.ts';

describe('the explorer for everyone', function () {
  this.timeout(180_000);
  let stage: ExplorerStage;
  let browser: TestBrowser;
  let denied: string;
  before(async () => {
    browser = await startBrowser();
    stage = await startExplorerStage();
    await stage.happen();
    const {deniedResponse} = await stage.ask(`/orgs/acme/orders/${'a-very-long-name-without-a-break'.repeat(8)}`, {
      method: 'PUT',
      token: await stage.sign({sub: `auth0|${'0123456789abcdef'.repeat(6)}`, org_id: 'acme', roles: ['viewer']}),
    });
    denied = JSON.parse(deniedResponse?.body ?? '{}').decision;
    await fetch(`${stage.postern.adminUrl}/revocations`, {
      method: 'POST',
      headers: {authorization: `Bearer ${adminToken}`},
      body: JSON.stringify({subject: 'x'.repeat(200), reason: 'left the company', by: 'op@acme.example'}),
    });
  });
  after(async () => {
    await browser?.stop();
    await stage?.stop();
  });

  const enter = async ({page}: Tab) => {
    await page.goto(`${stage.postern.adminUrl}/explorer`);
    await page.getByLabel('Admin token').fill(adminToken);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', {name: 'Views'}).waitFor();
  };
  const show = async (page: Page, view: string) => {
    await page.goto(`${stage.postern.adminUrl}/explorer#/${view}`);
    await page.getByText('Loading…').waitFor({state: 'detached'});
    await page.locator('[aria-busy]').waitFor({state: 'detached'});
    await page.getByRole('heading', {level: 1}).waitFor();
  };
  const views = () => [
    'decisions',
    `decisions/${denied}`,
    'ask',
    'rules',
    'providers',
    'entitlements?tenant=acme',
    'revocations?subject=x',
    'system',
  ];

  const looks: [name: string, options: Parameters<TestBrowser['open']>[0]][] = [
    ['on a wide screen, light', {viewport: {width: 1180, height: 820}, colorScheme: 'light'}],
    ['on a wide screen, dark', {viewport: {width: 1180, height: 820}, colorScheme: 'dark'}],
    ['on a phone of 320 pixels, light', {viewport: {width: 320, height: 640}, colorScheme: 'light'}],
    ['on a phone of 320 pixels, dark', {viewport: {width: 320, height: 640}, colorScheme: 'dark'}],
  ];
  for (const [name, options] of looks) {
    it(`${name}: every view has labels, headings and contrast, and nothing is cut off`, async () => {
      const tab = await browser.open(options);
      const {page} = tab;
      await page.goto(`${stage.postern.adminUrl}/explorer`);
      await page.getByLabel('Admin token').waitFor();
      assert.deepEqual(await page.evaluate(faultsOfPage), []);
      await enter(tab);
      for (const view of views()) {
        await show(page, view);
        assert.deepEqual(await page.evaluate(faultsOfPage), [], view);
      }
      const ground = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      assert.equal(ground, options?.colorScheme === 'dark' ? 'rgb(18, 22, 26)' : 'rgb(246, 247, 248)');
      assert.ok((await page.screenshot()).length > 5_000);
      assert.deepEqual(tab.complaints, []);
      await tab.close();
    });
  }

  it('by keyboard alone: in, past the bar, to a decision and its reasons, and to a question that Escape closes', async () => {
    const tab = await browser.open();
    const {page} = tab;
    const focused = () =>
      page.evaluate('document.activeElement.textContent.trim() || document.activeElement.name') as Promise<string>;
    const press = async (key: string, until: string, most = 40) => {
      for (let left = most; left > 0; left--) {
        await page.keyboard.press(key);
        if ((await focused()).startsWith(until)) return;
      }
      assert.fail(`${key} never comes to ${until}`);
    };
    await page.goto(`${stage.postern.adminUrl}/explorer`);
    await page.getByLabel('Admin token').waitFor();
    assert.equal(await focused(), 'token');
    await page.keyboard.type(adminToken);
    await page.keyboard.press('Enter');
    await page.locator('.decisions').waitFor();
    assert.equal(await focused(), 'Decisions', 'the heading of a new view is where one is');
    await press('Shift+Tab', 'Skip to the content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
    await press('Tab', 'PUT');
    const outline = await page.evaluate(
      'getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth',
    );
    assert.equal(outline, 'solid2px', 'where the focus is can be seen');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', {name: 'Step by step'}).waitFor();
    assert.equal(await focused(), 'Decision');
    await press('Tab', 'Revoke this subject');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', {name: 'Revocations', level: 1}).waitFor();
    await press('Tab', 'reason');
    await page.keyboard.type('a test');
    await press('Tab', 'by');
    await page.keyboard.type('op');
    await press('Tab', 'Revoke…');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', {name: 'Revoke?'}).waitFor();
    assert.equal(await focused(), 'Cancel', 'a slip of Enter does nothing');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({state: 'detached'});
    assert.equal(await focused(), 'Revoke…');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await press('Tab', 'Revoke');
    await page.keyboard.press('Enter');
    await page.getByText('Revoked.').waitFor();
    await tab.close();
  });
});
