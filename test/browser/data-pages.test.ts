// Goal: a person writes a rule, tries it on what was logged, saves it, sees it fire and acknowledges the alert; mends a
// contract and replays what it had refused; explores a field and takes it home as CSV; and sees what was done by whom.
// Method: a whole small installation by the launcher, Debian's Chromium as a person uses it, mosquitto_pub as a device.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { seriousViolations } from "./support/accessibility.ts";
import { PHONE, screenshot } from "./support/browser.ts";
import { type Installation, startInstallation } from "./support/installation.ts";

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation(19_400);
}, 240_000);
afterAll(async () => installation?.[Symbol.asyncDispose]());

/** A message as a device sends it, which may be refused. */
function publish(device: string, contract: string, payload: unknown): void {
  const { port } = new URL(installation.addresses.mqtt.eu);
  const topic = `devices/${device}/telemetry/${contract}`;
  const message = typeof payload === "string" ? payload : JSON.stringify(payload);
  const args = ["-h", "127.0.0.1", "-p", port, "-V", "5", "-q", "1", "-t", topic, "-m", message];
  execFileSync("mosquitto_pub", args, { stdio: "ignore" });
}

const reading = (seq: number, temperature: number) => ({
  ...{ seq, temperature, humidity: 40, light: 300, co2: 640, occupancy: 1 },
});

interface Listed {
  alerts: { rule: string; key: string; state: string; by?: string }[];
  rejects: { region: string; seq: number; device: string; reason: string }[];
}

test("a rule is written with checks, tried on the last hour, saved, fires, and its alert is acknowledged", async () => {
  publish("oven-1", "environment", reading(1, 71.5));
  await using watched = await installation.open("/rules");
  const { page } = watched;
  await page.getByRole("link", { name: "New rule" }).click();
  await page.getByLabel("Id (needed)").fill("oven-hot");
  await page.getByLabel("Contract (needed)").selectOption("environment");
  await page.getByLabel("Fires while (needed)").fill("temprature > 70");
  await page.getByText("It cannot be evaluated yet").waitFor();
  await page.getByRole("alert").filter({ hasText: "temprature" }).waitFor();
  expect(await page.getByRole("button", { name: "Save as version 1" }).isDisabled()).toBe(true);
  await screenshot(page, "rule-editor-light");

  await page.getByLabel("Fires while (needed)").fill("temperature > 70");
  await page.getByText("It can be evaluated").waitFor();
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText(/It would have raised 1 alert/).waitFor({ timeout: 60_000 });
  await page.getByRole("cell", { name: "oven-1" }).waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await screenshot(page, "rule-trial-light");
  await page.getByRole("button", { name: "Save as version 1" }).click();
  await page.getByRole("heading", { name: "oven-hot" }).waitFor();
  await page.getByText("eu: evaluated").waitFor();
  await page.getByText("holds for none").waitFor();

  publish("oven-1", "environment", reading(2, 72.5));
  await page.getByRole("main").getByText("1 firing").waitFor({ timeout: 30_000 });
  await screenshot(page, "rule-light");
  await page.getByRole("link", { name: "1 open" }).click();
  await page.getByRole("link", { name: /oven-1/ }).click();
  await page.getByRole("img", { name: /limit 70/ }).waitFor({ timeout: 30_000 });
  await screenshot(page, "alert-light");
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await page.getByText("acknowledged", { exact: true }).first().waitFor();
  const { alerts } = await installation.api<Listed>("GET", "/alerts?rule=oven-hot");
  expect(alerts).toMatchObject([{ key: "oven-1", state: "acknowledged", by: "operator" }]);

  await page.getByRole("button", { name: "Silence the rule" }).click();
  await page.getByRole("button", { name: "Silence", exact: true }).click();
  await page.getByText("Rule oven-hot is silent for 2 hours").waitFor();
  await page.goto(new URL("/rules/oven-hot", page.url()).href);
  await page.getByText(/for 2h, once, from/).waitFor();
  await page.getByText("1, saved at the hub").waitFor();
  await page.getByRole("button", { name: "Take out" }).click();
  await page.getByText(/for 2h, once, from/).waitFor({ state: "detached" });
  await page.getByText("1, saved at the hub").waitFor();
  expect(watched.errors).toEqual([]);
});

test("a changed rule says what it gains and loses against the saved one before it counts", async () => {
  await using watched = await installation.open("/rules/oven-hot/edit");
  const { page } = watched;
  await page.getByLabel("Fires while (needed)").fill("temperature > 75");
  await page.getByText("It can be evaluated").waitFor();
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText("Against version 1").waitFor({ timeout: 60_000 });
  await page.getByText("1 alert lost").waitFor();
  await page.getByText("0 alerts gained").waitFor();
});

test("a refused message is shown with its failing place, mended by a new version, tried, and replayed", async () => {
  publish("kiln-1", "environment", reading(1, 121.5));
  await using watched = await installation.open("/rejects?region=eu&device=kiln-1");
  const { page } = watched;
  await page.getByRole("link", { name: "/temperature must be <= 100" }).click();
  expect(await page.locator("mark").textContent()).toBe("121.5");
  await page.getByRole("row", { name: /temperature here/ }).waitFor();
  await screenshot(page, "reject-light");
  expect(await seriousViolations(page)).toEqual([]);

  await page.getByRole("button", { name: "Open" }).click();
  const schema = page.getByLabel("Schema of the next version");
  await schema.fill((await schema.inputValue()).replace('"maximum": 100,', '"maximum": 50,'));
  await page.getByText("It may not be published").waitFor();
  await schema.fill((await schema.inputValue()).replace('"maximum": 50,', '"maximum": 150,'));
  await page.getByText("It may be published as v2").waitFor();
  await page.getByRole("button", { name: "Try it on these bytes" }).click();
  await page.getByText("It would be stored").waitFor();
  await screenshot(page, "reject-mended-light");
  await page.getByRole("button", { name: "Publish as v2" }).click();
  await page.getByText("environment v2 is published", { exact: true }).waitFor();

  const isStoredByDryRun = async (): Promise<boolean> => {
    await page.reload(); // An outcome that is seen is this run's.
    await page.getByRole("button", { name: "Dry run" }).click();
    await page.getByText(/1 (stored|rejected|failed)/).waitFor();
    return page.getByText("1 stored").isVisible();
  };
  await eventually("the gateway has the new version", isStoredByDryRun, 60_000);
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("It was replayed, and is stored").waitFor();
  const { rejects } = await installation.api<Listed>("GET", "/rejects?device=kiln-1");
  expect(rejects).toMatchObject([{ device: "kiln-1", isDone: true }]);
  expect(watched.errors).toEqual([]);
});

test("a field of a series is drawn, zoomed by its span, and downloaded as CSV", async () => {
  await using watched = await installation.open("/explore?contract=environment");
  const { page } = watched;
  await page.getByRole("link", { name: "kiln-1" }).click({ timeout: 30_000 });
  await page.getByLabel("Field", { exact: true }).selectOption("temperature");
  await page.getByRole("button", { name: "10 min" }).click();
  await page.getByRole("heading", { name: "temperature, readings" }).waitFor();
  await page.getByRole("cell", { name: "121.5" }).waitFor();
  expect(page.url()).toMatch(/field=temperature/);
  expect(page.url()).toMatch(/span=10m/);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download CSV" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("environment-temperature.csv");
  const [head, ...rows] = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\r\n");
  expect(head).toMatch(/^time,device,.*field,unit,value,min,max,count,revision,final$/);
  const valueAt = head!.split(",").indexOf("value");
  expect(rows.map((row) => row.split(",")[valueAt])).toEqual(["121.5"]);

  await page.goto(new URL("/explore?contract=environment", page.url()).href);
  await page.getByRole("link", { name: "room-eu-01" }).click();
  await page.getByRole("button", { name: "1 h" }).click();
  await page.getByRole("heading", { name: /rollups of 10 s/ }).waitFor();
  await page.getByText(/windows? missing/).waitFor();
  await screenshot(page, "explore-light");
  expect(await seriousViolations(page)).toEqual([]);
  expect(watched.errors).toEqual([]);
});

test("several series and fields are chosen, drawn by unit with a legend, kept in the address, and downloaded together", async () => {
  await using watched = await installation.open("/explore?contract=environment");
  const { page } = watched;
  await page.getByLabel("Draw room-eu-01 with others").check({ timeout: 30_000 });
  await page.getByLabel("Draw room-eu-02 with others").check();
  await page.getByText("2 series chosen").waitFor();
  await page.getByRole("link", { name: "Draw", exact: true }).click();
  await page.getByLabel("Field", { exact: true }).selectOption("temperature");
  await page.getByLabel("And another field").selectOption("humidity");
  await page.getByRole("heading", { name: "temperature (°C)" }).waitFor();
  await page.getByRole("heading", { name: "humidity (%)" }).waitFor();
  const lines = page.getByRole("group", { name: "Lines, and how complete each is" });
  await lines.getByRole("row", { name: /room-eu-02 humidity/ }).waitFor();
  expect(await lines.locator("tbody tr").count()).toBe(4);
  await screenshot(page, "explore-several-light");
  expect(await seriousViolations(page)).toEqual([]);

  await page.reload();
  await page.getByRole("heading", { name: "humidity (%)" }).waitFor();
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download CSV" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("environment-temperature-humidity.csv");
  const [head, ...rows] = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\r\n");
  const names = head!.split(",");
  const of = (name: string) => new Set(rows.map((row) => row.split(",")[names.indexOf(name)]));
  expect(of("device")).toEqual(new Set(['"room-eu-01"', '"room-eu-02"']));
  expect(of("field")).toEqual(new Set(['"temperature"', '"humidity"']));

  await page.getByRole("button", { name: "Take out humidity" }).click();
  await page.getByRole("heading", { name: "humidity (%)" }).waitFor({ state: "detached" });
  await page.getByLabel("And another field").selectOption("co2");
  await page.getByLabel("And another field").selectOption("light");
  await page.getByLabel("And another field").selectOption("humidity");
  await page.getByText("8 lines are the most").first().waitFor();
  expect(await page.getByLabel("And another field").isDisabled()).toBe(true);
  await page.setViewportSize(PHONE);
  await screenshot(page, "explore-several-phone");
  const width = await page.evaluate<number>("document.documentElement.scrollWidth");
  expect(width).toBeLessThanOrEqual(PHONE.width);
  expect(watched.errors).toEqual([]);
});

test("activity tells refusals with their reasons, and who changed what; a sampled reading is a waterfall", async () => {
  await using watched = await installation.open("/activity?kind=reject");
  const { page } = watched;
  await page.getByRole("row", { name: /kiln-1.*temperature must be <= 100/ }).waitFor();
  await page.getByRole("link", { name: "Changes" }).click();
  await page.getByRole("row", { name: /operator.*Save a rule.*done/ }).waitFor();
  await page.getByRole("row", { name: /Publish a new version.*done/ }).waitFor();
  await page.goto(new URL("/traces", page.url()).href);
  // A reject has a trace whatever the share is.
  const link = page.getByRole("row").getByRole("link").first();
  await link.waitFor({ timeout: 60_000 });
  await link.click();
  await page.getByRole("list", { name: /Spans/ }).getByRole("button").first().waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await screenshot(page, "trace-light");
  expect(watched.errors).toEqual([]);
});

test("a payload is tried against a contract and against another mapping table, and nothing is stored", async () => {
  await using watched = await installation.open("/contracts?tab=mappings");
  const { page } = watched;
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText("It would be stored").waitFor();
  await page.getByRole("button", { name: "Change the table" }).click();
  const table = page.getByLabel("Mapping table");
  await table.fill((await table.inputValue()).replaceAll("zigbee2mqtt/{device}", "z2m/{device}"));
  await page.getByText("The table fits the contracts").waitFor();
  const downloaded = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download mappings.json" }).click();
  expect(readFileSync(await (await downloaded).path(), "utf8")).toContain("z2m/{device}");
  await page.getByText(/infra\/mappings\/examples\.json/).waitFor();
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText("It would be refused").waitFor();
  await page.getByText(/unmapped_topic/).waitFor();
  await page.goto(new URL("/contracts/environment", page.url()).href);
  await page.getByRole("textbox", { name: "Payload" }).fill('{"seq":1}');
  await page.getByRole("button", { name: "Try", exact: true }).click();
  await page.getByText(/contract_violation/).waitFor();
});

/** The page is there, and so is all that it asked for. */
async function loaded(page: Page): Promise<void> {
  await page.locator("main h1").waitFor();
  await eventually("nothing is loading", async () => {
    return (await page.getByText("Loading", { exact: true }).count()) === 0;
  });
}

const PATHS = {
  alerts: "/alerts",
  rules: "/rules",
  "rule-new": "/rules?new=threshold",
  rejects: "/rejects",
  contracts: "/contracts",
  contract: "/contracts/environment",
  mappings: "/contracts?tab=mappings",
  "explore-series": "/explore",
  activity: "/activity",
  commands: "/activity/commands",
  changes: "/activity/changes",
  traces: "/traces",
};

test.each(["light", "dark", "phone"] as const)(
  "every page passes axe and is no wider than its screen: %s",
  async (look) => {
    const viewport = look === "phone" ? { viewport: PHONE } : {};
    await using watched = await installation.open("/", { dark: look === "dark", ...viewport });
    const { page } = watched;
    for (const [name, path] of Object.entries(PATHS)) {
      await page.goto(new URL(path, installation.addresses.console.url).href);
      await loaded(page);
      expect(await seriousViolations(page)).toEqual([]);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      expect(width, name).toBeLessThanOrEqual(page.viewportSize()!.width);
      await screenshot(page, `${name}-${look}`);
    }
    expect(watched.errors).toEqual([]);
  },
);

test("a viewer sees everything, and nothing that changes something", async () => {
  await using watched = await installation.open("/rules/oven-hot", { role: "viewer" });
  const { page } = watched;
  const changing = page.getByRole("button", {
    name: /^(Acknowledge|Silence|Delete|Replay|Dry run|Publish|Save|New contract|New version)/,
  });
  for (const path of [...Object.values(PATHS), "/rules/oven-hot", "/rejects?region=eu"]) {
    await page.goto(new URL(path, installation.addresses.console.url).href);
    await loaded(page);
    expect(await changing.count(), path).toBe(0);
  }
  await page.goto(new URL("/rules?new=threshold", installation.addresses.console.url).href);
  await page.getByText("saving it needs an operator").waitFor();
});
