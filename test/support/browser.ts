// A real Chromium, driven as a person drives it.
import assert from 'node:assert/strict';
import {type Browser, type BrowserContext, chromium, type Locator, type Page} from 'playwright-core';
import {tool} from './tools.ts';

export type {Locator, Page} from 'playwright-core';

export interface Seen {
  /** What the page wrote to its console as an error or a warning: a violation of its policy is one. */
  readonly complaints: readonly string[];
  /** Dialogs that a script opened: none may. */
  readonly dialogs: readonly string[];
  /** Addresses that were asked for. */
  readonly asked: readonly string[];
}

export interface Tab extends Seen {
  readonly page: Page;
  close(): Promise<void>;
}

export interface TestBrowser {
  /** A tab with a session of its own. */
  open(options?: Parameters<Browser['newContext']>[0]): Promise<Tab>;
  stop(): Promise<void>;
}

/** What a person reads there: nothing that is hidden, and each cell apart. */
// biome-ignore lint/performance/useDomNodeTextContent: textContent has what is hidden, too
export const seen = (of: Locator): Promise<string> => of.innerText();

/** Waits until it is read there: a page that has just been asked shows it a little later. */
export const shows = async (of: Locator, what: RegExp): Promise<void> => {
  for (let left = 100; left > 0 && !what.test(await seen(of)); left--) await of.page().waitForTimeout(50);
  assert.match(await seen(of), what);
};

/** Rejects with ToolMissing where there is no Chromium. */
export const startBrowser = async (): Promise<TestBrowser> => {
  const browser = await chromium.launch({
    executablePath: await tool('chromium'),
    // Root has no sandbox, and what is shown is our own page.
    chromiumSandbox: false,
    args: ['--disable-dev-shm-usage', '--disable-gpu'],
  });
  return {
    async open(options = {}) {
      const context: BrowserContext = await browser.newContext({viewport: {width: 1180, height: 820}, ...options});
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const complaints: string[] = [];
      const dialogs: string[] = [];
      const asked: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('dialog', (dialog) => {
        dialogs.push(dialog.message());
        void dialog.dismiss();
      });
      page.on('request', (request) => asked.push(request.url()));
      return {page, complaints, dialogs, asked, close: () => context.close()};
    },
    stop: () => browser.close(),
  };
};
