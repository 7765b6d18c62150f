// Goal: whoever has the login link is in the console with one click, sees on every page how things are, and finds every
// page by mouse, keyboard and phone; nobody else sees anything.
// Method: a whole small installation by the launcher, Debian's Chromium as a person uses it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { seriousViolations } from "./support/accessibility.ts";
import { PHONE, openPage, screenshot } from "./support/browser.ts";
import { type Installation, startInstallation } from "./support/installation.ts";

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation(19_200);
}, 240_000);
afterAll(async () => installation?.[Symbol.asyncDispose]());

test("the login link logs in once, leaves the address bar, and the session ends with the logout", async () => {
  const { browser, loginUrl, addresses } = installation;
  await using first = await openPage(browser);
  await first.page.goto(addresses.console.url);
  await first.page.getByLabel("Token").waitFor();
  await screenshot(first.page, "login-light");
  expect(await seriousViolations(first.page)).toEqual([]);

  await first.page.goto(loginUrl);
  await first.page.reload(); // Another fragment alone loads nothing anew.
  await first.page.getByRole("navigation", { name: "Pages" }).waitFor();
  expect(first.page.url()).toBe(addresses.console.url);
  await first.page.getByText("live", { exact: true }).waitFor();

  await using second = await openPage(browser);
  await second.page.goto(loginUrl);
  await second.page.getByText("This login link was used already").waitFor();
  await second.page.getByLabel("Token").fill("no token of anybody's");
  await second.page.getByRole("button", { name: "Log in" }).click();
  await second.page.getByText("This is no token of this console").waitFor();
  await second.page.getByLabel("Token").fill(addresses.console.viewerToken);
  await second.page.getByRole("button", { name: "Log in" }).click();
  await second.page.getByText("viewer", { exact: true }).waitFor();

  await first.page.getByRole("button", { name: "Log out" }).click();
  await first.page.getByLabel("Token").waitFor();
  await first.page.goto(new URL("/devices", addresses.console.url).href);
  await first.page.getByLabel("Token").waitFor();
});

test("keys lead everywhere, the theme is switched and remembered, an address that is nothing says so", async () => {
  await using watched = await installation.open("/nothing-here");
  const { page } = watched;
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await page.waitForURL(installation.addresses.console.url);
  const theme = () => page.evaluate<string>("document.documentElement.dataset.theme");
  expect(await theme()).toBe("light");
  await page.getByRole("button", { name: "Dark" }).click();
  expect(await theme()).toBe("dark");
  await page.reload();
  await page.getByRole("button", { name: "Light" }).waitFor();
  expect(await theme()).toBe("dark");
  expect(watched.errors).toEqual([]);
  expect([...watched.hosts]).toEqual([new URL(installation.addresses.console.url).host]);
});

test("a page whose code fails says so and what to do, while everything around it goes on", async () => {
  await using watched = await installation.open("/traces");
  const { page } = watched;
  // An answer of another form than the page knows, as an older console gives it.
  await page.route("**/api/v1/contracts", (route) => route.fulfill({ json: { versions: [{}] } }));
  const navigation = page.getByRole("navigation", { name: "Pages" });
  await navigation.getByRole("link", { name: "Contracts" }).click();
  await page.getByRole("heading", { name: "This page failed" }).waitFor();
  await page.getByText("For a report").click();
  await page.getByText("at /contracts", { exact: false }).first().waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await screenshot(page, "page-failed-light");
  expect(watched.errors).not.toEqual([]);

  await page.getByRole("complementary", { name: "Verdict" }).waitFor();
  await page.getByRole("link", { name: "What happened lately" }).click();
  await page.getByRole("heading", { name: "Activity" }).waitFor();
  await navigation.getByRole("link", { name: "Contracts" }).click();
  await page.getByRole("heading", { name: "This page failed" }).waitFor();
  await page.unroute("**/api/v1/contracts");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "Contracts" }).waitFor();
});

test("on a phone the navigation opens and closes, and nothing is wider than the screen", async () => {
  await using watched = await installation.open("/", { viewport: PHONE });
  const { page } = watched;
  await page.getByRole("button", { name: "Menu" }).click();
  await screenshot(page, "menu-phone");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Home" }).click();
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(
    PHONE.width,
  );
});
