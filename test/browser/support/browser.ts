// Debian's Chromium, as a person's browser: it keeps what went wrong on a page, and the hosts that were asked.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";
export const SCREENSHOTS = join(import.meta.dirname, "../../output/screenshots");

export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

/** Debian's Chromium without a sandbox, because tests may run as root. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });

/** A page and everything that should not happen on it. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, and what the browser wrote to its console as one. */
  readonly errors: string[];
  /** Every host that was asked for something. */
  readonly hosts: Set<string>;
}

/** A page of a new visitor. */
export async function openPage(
  browser: Browser,
  { dark = false, viewport = DESKTOP }: { dark?: boolean; viewport?: typeof DESKTOP } = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport, colorScheme: dark ? "dark" : "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const errors: string[] = [];
  const hosts = new Set<string>();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  return { page, context, errors, hosts, [Symbol.asyncDispose]: () => context.close() };
}

/** Writes what the page looks like to test/output/screenshots/NAME.png. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}
