// Goal: the home page says in a sentence how things are, while data flows while the store's way stands still, while a WAN is cut, and each of its numbers
// leads to its proof, down to the device.
// Method: a whole small installation and Chromium; the aggregator is stopped (SIGSTOP) and goes on; the page's own controls cut a WAN.
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { seriousViolations } from "./support/accessibility.ts";
import { PHONE, screenshot } from "./support/browser.ts";
import { type Installation, startInstallation } from "./support/installation.ts";

const STUCK_WITHIN_MS = 30_000;
const WAN_TOLD_WITHIN_MS = 15_000;
const FIRST_PAINT_MS = 1_000;

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation(19_280);
}, 240_000);
afterAll(async () => installation?.[Symbol.asyncDispose]());

/** The whole sentence, because its first clause is the same while something is wrong. */
const HEALTHY =
  /^All [\d,]+ acknowledged readings are accounted for; what is stored is \d+ s old at most\.$/;

test("the verdict is read at once; every number leads to its proof: ledger, lane, frame, device", async () => {
  await using watched = await installation.open("/");
  const { page } = watched;
  await page.getByRole("heading", { name: HEALTHY }).waitFor({ timeout: 30_000 });
  const paint = await page.evaluate<number>(
    "performance.getEntriesByName('first-contentful-paint')[0].startTime",
  );
  expect(paint).toBeLessThan(FIRST_PAINT_MS);
  await page.getByRole("link", { name: /Gateway eu/ }).waitFor();
  await page.getByText("device to store").first().waitFor();
  await screenshot(page, "home-healthy-light");
  expect(await seriousViolations(page)).toEqual([]);

  await page
    .getByRole("group", { name: "Ledger by region" })
    .getByRole("link", { name: "eu" })
    .click();
  await page.getByRole("heading", { name: "Ledger of eu" }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByRole("link", { name: "environment" }).first().click();
  await page.getByRole("heading", { name: "Ledger of environment in eu" }).waitFor();
  await screenshot(page, "ledger-light");
  const lanes = page.getByRole("group", { name: "Ledger by lane" }).locator("tbody tr");
  await lanes
    .filter({ hasNot: page.locator("td:nth-child(2)", { hasText: /^0$/ }) })
    .first()
    .getByRole("link")
    .first()
    .click();
  const frames = page.getByRole("group", { name: /^Frames of lane/ }).locator("tbody tr");
  await screenshot(page, "lane-light");
  const withDevice = frames.filter({ hasText: "room-eu-" }).first();
  await withDevice.getByRole("link").first().click();
  await page.getByRole("heading", { name: /^Frame / }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await page
    .getByRole("link", { name: /^room-eu-/ })
    .first()
    .click();
  await page.getByRole("heading", { name: /^room-eu-/ }).waitFor();
  expect(watched.errors).toEqual([]);
});

test("a stopped aggregator is stuck within 30 s, in the sentence and in the picture, and all is well once it goes on", async () => {
  await using watched = await installation.open("/");
  const { page } = watched;
  await page.getByRole("heading", { name: HEALTHY }).waitFor();
  const { aggregator } = installation.launcher.pids();
  process.kill(aggregator!, "SIGSTOP");
  try {
    await page.getByRole("heading", { name: /stuck/ }).waitFor({ timeout: STUCK_WITHIN_MS });
    await page
      .getByRole("link", { name: /Aggregator stuck/ })
      .first()
      .waitFor();
    await page
      .getByRole("link", { name: /InfluxDB gets nothing/ })
      .first()
      .waitFor();
    await page.getByText(/^Next: Start the aggregator, or restart it if it runs/).waitFor();
    const platform = page.getByRole("region", { name: "Platform" });
    await platform.getByText(/lanes are stuck/).waitFor();
    await screenshot(page, "home-aggregator-stuck-light");
    expect(await seriousViolations(page)).toEqual([]);
    await platform.getByRole("link", { name: "Run book" }).first().click();
    await page.getByRole("heading", { name: "SkerryLaneStuck" }).waitFor();
    await page.getByText("Another aggregator takes over its lanes within 10 s").waitFor();
    await screenshot(page, "run-book-light");
    expect(await seriousViolations(page)).toEqual([]);
    await page.getByRole("link", { name: "What each reason asks for" }).click();
    await page.getByRole("heading", { name: "Questions" }).waitFor();
    await page.goBack();
    await page.goBack();
    await page
      .getByRole("link", { name: /^Proof: Lanes/ })
      .first()
      .click();
    await page.getByRole("heading", { name: "Lanes", exact: true }).waitFor();
    expect(watched.errors).toEqual([]);
    await page.goBack();
  } finally {
    process.kill(aggregator!, "SIGCONT");
  }
  await page.getByRole("heading", { name: HEALTHY }).waitFor({ timeout: 60_000 });
});

test("a WAN is cut from the page: the verdict says so, counts on, and all is accounted for after it is whole again", async () => {
  await using watched = await installation.open("/demo");
  const { page } = watched;
  const strip = page.getByRole("complementary", { name: "Verdict" });
  await strip.getByText(HEALTHY).waitFor();
  await page.getByRole("button", { name: "Add a device" }).click();
  await page.getByRole("link", { name: "demo-eu-1" }).waitFor();
  await page.getByRole("button", { name: "Cut the WAN of us" }).click();
  await strip.getByText(/us waits for the WAN/).waitFor({ timeout: WAN_TOLD_WITHIN_MS });
  await page.getByRole("link", { name: /Gateway us not heard/ }).waitFor();
  await screenshot(page, "demo-light");
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByRole("link", { name: "Home", exact: true }).click();
  await page.getByRole("heading", { name: /us waits for the WAN, down for/ }).waitFor();
  await screenshot(page, "home-wan-cut-light");

  await page.getByRole("link", { name: "Demo controls" }).click();
  await page.getByRole("button", { name: "Heal the WAN of us" }).click();
  await strip.getByText(HEALTHY).waitFor({ timeout: 60_000 });
  await page.getByRole("link", { name: "demo-eu-1" }).click();
  await page.getByText("temperature").first().waitFor();
  expect(watched.errors).toEqual([]);
});

test.each([
  ["/demo", "demo"],
  ["/", "home"],
  ["/ledger", "ledger"],
  ["/lanes", "lanes"],
  ["/latency", "latency"],
  ["/guides/run-books", "guide"],
])("%s is whole in the dark and on a phone", async (path, name) => {
  for (const look of [{ dark: true }, { viewport: PHONE }]) {
    await using watched = await installation.open(path, look);
    const { page } = watched;
    await page
      .locator("main .panel")
      .nth(name === "guide" ? 0 : 1)
      .waitFor();
    await screenshot(page, `${name}-${look.dark ? "dark" : "phone"}`);
    expect(await seriousViolations(page)).toEqual([]);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(page.viewportSize()!.width);
  }
});

// The last one, because what is lost by name is in the sentence for good.
test("an operator acknowledges what is open, and it is named; a viewer only reads it", async () => {
  const { nats } = installation.addresses;
  const connection = await connectOnce({ url: nats.eu, reconnect: false, timeoutMs: 5_000 });
  const rogue = new FrameWriter({ region: "eu", partition: 0 }, "rogue");
  await rogue.publish(connection, [], Date.now());
  rogue.misstate(3);
  await rogue.publish(connection, [], Date.now());
  await connection.close();
  {
    await using watched = await installation.open("/ledger", { role: "viewer" });
    const { page } = watched;
    await page.getByText("3 readings of lane eu/0 not accounted for").waitFor({ timeout: 30_000 });
    expect(await page.getByRole("button", { name: "Acknowledge", exact: true }).count()).toBe(0);
  }
  await using watched = await installation.open("/ledger/eu");
  const { page } = watched;
  await page.getByRole("button", { name: "Acknowledge", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Acknowledge what is open in lane eu/0" });
  await dialog.getByRole("button", { name: "Acknowledge", exact: true }).click();
  await dialog.getByText("say why").waitFor();
  await dialog.getByLabel("Why it is so").fill("a test wrote frames by hand");
  await screenshot(page, "ledger-acknowledge-light");
  expect(await seriousViolations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Acknowledge", exact: true }).click();
  const known = page.getByRole("group", { name: "Known differences" });
  await known.getByText("a test wrote frames by hand").waitFor({ timeout: 30_000 });
  await page.getByText("not accounted for").waitFor({ state: "detached" });
  await screenshot(page, "ledger-known-light");
  expect(await seriousViolations(page)).toEqual([]);
  expect(watched.errors.filter((text) => !text.includes("422"))).toEqual([]);
});
