// The explorer among the hostile: what clients send never runs, the page loads and sends nothing but from and to its port.
import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {get} from 'node:http';
import {explorerFiles} from '../../src/admin/explorerPages.ts';
import {shows, startBrowser, type TestBrowser} from '../support/browser.ts';
import {adminToken, type ExplorerStage, host, startExplorerStage} from '../support/explorerStage.ts';
import {startPostern} from '../support/postern.ts';

const markup = '<img src=x onerror="window.ran=1">';
const bidi = '\u202etxt.exe\u2066';
/** Whatever a client chooses, beside what it cannot choose. */
const canaries = {
  subject: `<script>window.ran=2</script>${bidi}`,
  tenant: '"><svg onload="window.ran=3">',
  role: '<iframe srcdoc="<script>parent.ran=4</script>">',
};

describe('the explorer among the hostile', function () {
  this.timeout(120_000);
  let stage: ExplorerStage;
  let browser: TestBrowser;
  before(async () => {
    browser = await startBrowser();
    stage = await startExplorerStage();
  });
  after(async () => {
    await browser?.stop();
    await stage?.stop();
  });

  it('markup and characters that turn writing around, in all that a client sends, are shown and nothing else', async () => {
    const {postern, ask} = stage;
    const token = await stage.sign({sub: canaries.subject, org_id: canaries.tenant, roles: [canaries.role]});
    await ask(`/${markup}`);
    await ask(`/v1/${bidi}`, {headers: [[`x-${markup}`, markup]]});
    await ask('/orgs/acme/orders/1', {token, headers: [['x-request-id', markup]]});
    await ask('/orgs/acme/orders/2', {method: markup, token});
    await ask('javascript:window.ran=5');
    const revoke = await fetch(`${postern.adminUrl}/revocations`, {
      method: 'POST',
      headers: {authorization: `Bearer ${adminToken}`},
      body: JSON.stringify({subject: canaries.subject, tenant: canaries.tenant, reason: markup, by: `op ${bidi}`}),
    });
    assert.equal(revoke.status, 200, await revoke.text());

    const {page, complaints, dialogs, asked, close} = await browser.open();
    await page.goto(`${postern.adminUrl}/explorer`);
    await page.getByLabel('Admin token').fill(adminToken);
    await page.keyboard.press('Enter');
    const list = page.locator('.decisions');
    await list.getByText(markup).first().waitFor();
    await shows(list, /<script>window\.ran=2<\/script>/);
    const links = (await page.evaluate(
      '[...document.querySelectorAll(".decisions .request")].map((link) => link.getAttribute("href"))',
    )) as string[];
    assert.equal(links.length, 5);
    for (const link of links) {
      assert.match(link, /^#\/decisions\/[\w-]+$/);
      await page.goto(`${postern.adminUrl}/explorer${link}`);
      await page.getByRole('region', {name: 'Explanation'}).locator('.steps, .notice').first().waitFor();
    }
    await page.goto(`${postern.adminUrl}/explorer#/revocations`);
    await page.getByText(markup).waitFor();
    // In what comes from outside, a character that cannot be seen is shown by its number.
    await shows(page.locator('.revocations tbody'), /op U\+202Etxt\.exeU\+2066/);
    for (const view of [
      `entitlements?tenant=${encodeURIComponent(markup)}`,
      `decisions?text=${encodeURIComponent(markup)}`,
      `ask?path=${encodeURIComponent(markup)}`,
      `decisions/${encodeURIComponent(markup)}`,
      encodeURIComponent(markup),
    ]) {
      await page.goto(`${postern.adminUrl}/explorer#/${view}`);
      await page.waitForLoadState('networkidle').catch(() => undefined);
      await page.getByRole('heading', {level: 1}).waitFor();
    }
    assert.equal(await page.evaluate('window.ran'), undefined);
    assert.deepEqual(
      await page.evaluate('[...document.querySelectorAll("img")].map((img) => img.getAttribute("src"))'),
      ['explorer/icon.svg'],
    );
    assert.equal(
      await page.evaluate(
        'document.querySelectorAll("script:not([src]), iframe, main svg, [style], [onerror], [onload]").length',
      ),
      0,
    );
    // And if there were a way from a text to markup, the browser would close it.
    assert.match(
      await page.evaluate(
        '(() => { try { document.body.innerHTML = "<b>x</b>"; return "made"; } catch (error) { return String(error); } })()',
      ),
      /TrustedHTML/,
    );
    const violations = complaints.filter((line) => /Content Security Policy|Refused|TrustedHTML/i.test(line));
    assert.ok(
      violations.every((line) => /TrustedHTML/.test(line)),
      violations.join('\n'),
    );
    assert.deepEqual(dialogs, []);
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(`${postern.adminUrl}/`)),
      [],
    );
    await close();
  });

  it('each file of the folder is served under the policy, and no other', async () => {
    const {adminUrl} = stage.postern;
    const folder = new URL('../../explorer/', import.meta.url);
    assert.deepEqual(
      readdirSync(folder)
        .filter((file) => file !== 'index.html')
        .sort(),
      [...explorerFiles].sort(),
    );
    const types = {css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml'} as const;
    for (const path of ['/explorer', ...explorerFiles.map((file) => `/explorer/${file}`)]) {
      const answer = await fetch(`${adminUrl}${path}`);
      assert.equal(answer.status, 200, path);
      const type = types[path.split('.')[1] as keyof typeof types] ?? 'text/html';
      assert.ok(answer.headers.get('content-type')?.startsWith(type), path);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
      const policy = answer.headers.get('content-security-policy') ?? '';
      assert.match(
        policy,
        /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';/,
      );
      for (const part of ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "trusted-types 'none'"])
        assert.ok(policy.includes(part), part);
      assert.doesNotMatch(policy, /unsafe|http|\*/);
      const text = await answer.text();
      assert.doesNotMatch(
        text,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?:\/\/(?!www\.w3\.org|api\.acme)/,
        path,
      );
    }
    for (const path of [
      '/explorer/index.html',
      '/explorer/../package.json',
      '/explorer/%2e%2e/package.json',
      '/explorer/..%2fpackage.json',
      '/explorer/',
      '/explorer/none.js',
      '/explorer/__proto__',
    ])
      assert.equal((await fetch(`${adminUrl}${path}`)).status, 404, path);
  });

  it('a page of somebody else is answered neither by another name nor from another origin', async () => {
    const {port, hostname} = new URL(stage.postern.adminUrl);
    const status = await new Promise((resolve, reject) => {
      get({host: hostname, port, path: '/explorer', headers: {host: 'rebound.evil.example'}, agent: false}, (answer) =>
        resolve(answer.resume().statusCode),
      ).on('error', reject);
    });
    assert.equal(status, 421);
    const answer = await fetch(`${stage.postern.adminUrl}/rules`, {
      headers: {origin: 'https://evil.example', authorization: `Bearer ${adminToken}`},
    });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal(answer.headers.get('cross-origin-resource-policy'), 'same-origin');
  });

  it('nothing of what it shows is told without the token', async () => {
    for (const path of [
      '/instance',
      '/rules',
      '/providers',
      '/caches',
      '/entitlements?tenant=acme',
      '/decisions',
      '/decisions/stream',
      '/revocations',
    ]) {
      const answer = await fetch(`${stage.postern.adminUrl}${path}`, {
        headers: {cookie: `token=${adminToken}`, authorization: 'Bearer wrong'},
      });
      assert.equal(answer.status, 401, path);
      assert.doesNotMatch(await answer.text(), /acme|read-orders/);
    }
  });

  it('without a token there is no explorer', async () => {
    const postern = await startPostern({rules: [{name: 'all', match: {}, public: true}]});
    try {
      for (const path of ['/explorer', '/explorer/app.js', '/instance', '/rules']) {
        const answer = await fetch(`${postern.adminUrl}${path}`);
        assert.equal(answer.status, 403, path);
        assert.match(await answer.text(), /Set admin\.token to open it/);
      }
    } finally {
      await postern.stop();
    }
  });

  it(`a configuration's secrets are in no answer (host ${host})`, async () => {
    for (const path of ['/instance', '/rules', '/providers', '/caches', '/entitlements?tenant=acme']) {
      const answer = await fetch(`${stage.postern.adminUrl}${path}`, {
        headers: {authorization: `Bearer ${adminToken}`},
      });
      assert.equal(answer.status, 200, path);
      assert.ok(!(await answer.text()).includes(adminToken), path);
    }
  });
});
