// Goal: a stranger's device is connected within minutes from the page alone, its refusals say what to change, and what is
// known of devices and topics can be found, followed and changed; a viewer is shown nothing that changes something.
// Method: a whole small installation, Chromium, and mosquitto_pub with the very lines that the page shows.
import { spawnSync } from "node:child_process";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seriousViolations } from "./support/accessibility.ts";
import { PHONE, screenshot } from "./support/browser.ts";
import { type Installation, startInstallation } from "./support/installation.ts";

let installation: Installation;
beforeAll(async () => {
  // What is relayed needs no mapping: here all other topics do.
  const args = ["--set", "gateway.relay=none"];
  installation = await startInstallation(19_240, { args });
}, 240_000);
afterAll(async () => installation?.[Symbol.asyncDispose]());

/** Runs lines in a shell as somebody who pasted them. */
const paste = (lines: string): void =>
  void spawnSync("bash", ["-c", lines], { stdio: "ignore", timeout: 10_000 });

const linesOn = (page: Page, language: string): Promise<string> =>
  page.getByRole("region", { name: `Lines for ${language}` }).innerText();

test("a device is registered, refused with a wrong password and a wrong field, and green with its first right message", async () => {
  await using watched = await installation.open("/connect");
  const { page } = watched;
  await page.getByLabel("Name").fill("boiler-7");
  await screenshot(page, "connect-light");
  expect(await seriousViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Make its credential" }).click();
  await page.getByText("Waiting for the first message").waitFor();
  const lines = await linesOn(page, "mosquitto_pub");
  expect(page.url()).not.toContain(/-P '([^']+)'/.exec(lines)![1]!);

  paste(lines.replace(/-P '[^']+'/, "-P 'not-its-password'"));
  await page.getByText("The connection was refused").waitFor();
  await page.getByText("User name or password are not right").waitFor();

  paste(lines.replace("co2", "co3"));
  await page.getByText("A message was refused, and kept").waitFor();
  await page.getByText("must have required property 'co2'").waitFor();
  expect(await seriousViolations(page)).toEqual([]);

  paste(lines);
  await page.getByText("boiler-7 is connected: its reading is stored").waitFor();
  await screenshot(page, "connect-green-light");
  expect(await seriousViolations(page)).toEqual([]);
  for (const language of ["Python", "Node", "Arduino", "Telegraf"]) {
    await page.getByRole("link", { name: language, exact: true }).click();
    expect(await linesOn(page, language)).toContain("devices/boiler-7/telemetry/environment");
  }

  await page.getByRole("link", { name: "All about boiler-7" }).click();
  await page.getByRole("heading", { name: "boiler-7", exact: true }).waitFor();
  await page.getByText("message refused, kept").waitFor();
  await page.getByRole("cell", { name: "21.5 °C" }).waitFor();
  await screenshot(page, "device-light");
  expect(await seriousViolations(page)).toEqual([]);
});

test("a device with a topic of its own is told that a mapping is missing", async () => {
  await using watched = await installation.open("/connect");
  const { page } = watched;
  await page.getByLabel("Name").fill("plug-3");
  await page.getByLabel("I have my own topic").check();
  await page.getByLabel("Topic", { exact: true }).fill("factory/plug-3/#");
  await page.getByRole("button", { name: "Make its credential" }).click();
  await page.getByText("Waiting for the first message").waitFor();
  paste(await linesOn(page, "mosquitto_pub"));
  await page.getByText("no mapping says what this topic means").waitFor();
});

test("a device is found by part of its id, followed live, gets a new password, and is revoked", async () => {
  await installation.api("POST", "/devices", { id: "pump-9" });
  await using watched = await installation.open("/devices");
  const { page } = watched;
  const rows = page.getByRole("group", { name: "Devices" }).locator("tbody tr");
  await page.getByRole("link", { name: "room-eu-01" }).waitFor();
  await page.getByText("temperature").first().waitFor();
  expect(await rows.count()).toBeGreaterThan(4);
  await screenshot(page, "devices-light");
  expect(await seriousViolations(page)).toEqual([]);

  await page.keyboard.press("/");
  await page.keyboard.type("UMP-9");
  await page.waitForURL(/search=UMP-9/);
  await page.getByRole("link", { name: "room-eu-01" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: "pump-9" }).waitFor();
  expect(await rows.count()).toBe(1);
  await page.getByRole("link", { name: "pump-9" }).click();

  await page.getByRole("button", { name: "New password" }).click();
  await page.getByRole("button", { name: "Make it" }).click();
  const shown = page.getByRole("region", { name: "Password" });
  expect((await shown.innerText()).length).toBeGreaterThan(20);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Revoke" }).click();
  const question = page.getByRole("dialog", { name: "Revoke pump-9?" });
  await question.getByRole("button", { name: "Revoke" }).click();
  await page.getByText("revoked", { exact: true }).waitFor();
  expect(watched.errors).toEqual([]);
});

test("topics stand in a tree with what was made of each message", async () => {
  await using watched = await installation.open("/topics");
  const { page } = watched;
  const topic = page.getByRole("button", { name: "room-eu-01/telemetry/environment" });
  await topic.click();
  await page.getByText("by its topic, which names device and contract").waitFor();
  expect(new URL(page.url()).searchParams.get("topic")).toBe(
    "devices/room-eu-01/telemetry/environment",
  );
  await page.getByRole("link", { name: "Subscribe" }).click();
  await page.getByText(/messages, the newest first/).waitFor();
  await page.getByRole("textbox", { name: "Topic", exact: true }).fill("devices/somewhere/else");
  await page.getByRole("textbox", { name: "Payload" }).fill("21.5");
  await page.getByRole("button", { name: "Publish" }).click();
  await page.getByText("The gateway did not take it").waitFor();
  await page.getByRole("button", { name: "somewhere/else" }).click();
  await page.getByText("refused: unmapped_topic").waitFor();
  await screenshot(page, "topics-light");
  expect(await seriousViolations(page)).toEqual([]);
  expect(watched.errors).toEqual([]);
  await topic.click();
  await page.getByRole("link", { name: "room-eu-01", exact: true }).click();
  await page.getByRole("heading", { name: "room-eu-01" }).waitFor();
});

test("a device that nobody knows is there with its first message, on a page that was open before", async () => {
  await using watched = await installation.open("/devices/late-comer");
  const { page } = watched;
  await page.getByRole("heading", { name: "No device is called late-comer" }).waitFor();
  const reading = { seq: 1, temperature: 18.5, humidity: 40, light: 300, co2: 640, occupancy: 1 };
  const { port } = new URL(installation.addresses.mqtt.eu);
  const topic = "devices/late-comer/telemetry/environment";
  const to = ["-h", "127.0.0.1", "-p", port, "-i", "late-comer", "-q", "1", "-t", topic];
  const { status } = spawnSync("mosquitto_pub", [...to, "-m", JSON.stringify(reading)]);
  expect(status).toBe(0);
  await page.getByText("18.5").first().waitFor();
});

test("what is published from the page is a reading like any other", async () => {
  await using watched = await installation.open("/topics?filter=devices%2Ffrom-page%2F%23");
  const { page } = watched;
  await page.getByText("No message yet").waitFor();
  const payload = { seq: 1, temperature: 33.25, humidity: 40, light: 300, co2: 640, occupancy: 1 };
  const topic = "devices/from-page/telemetry/environment";
  await page.getByRole("textbox", { name: "Topic", exact: true }).fill(topic);
  await page.getByRole("textbox", { name: "Payload" }).fill(JSON.stringify(payload));
  await page.getByRole("button", { name: "Publish" }).click();
  await page.getByText(`Published on ${topic}`).waitFor();
  await page.getByRole("list", { name: "Messages" }).getByText("33.25").waitFor();
  expect(watched.errors).toEqual([]);
  // Who is there before the console has heard of the device reads 404 first, which Chromium writes down as an error.
  await page.goto(new URL("/devices/from-page", page.url()).href);
  await page.getByText("33.3").first().waitFor();
});

test("a viewer listens to messages as they come, and cannot publish by the page's own connection either", async () => {
  await using watched = await installation.open("/topics", { role: "viewer" });
  const { page } = watched;
  await page.getByRole("textbox", { name: "Topic filter" }).fill("devices/+/telemetry/#");
  await page.getByRole("button", { name: "Listen" }).click();
  await page.getByText(/messages, the newest first/).waitFor();
  await page.getByText("Publishing is for operators").waitFor();
  expect(await page.getByRole("button", { name: "Publish" }).count()).toBe(0);
  await screenshot(page, "topics-viewer-light");

  const tried = await page.evaluate<string>(`(async () => {
    const { connectRegion } = await import("/topics/live-client.js");
    const ended = Promise.withResolvers();
    const client = await connectRegion("eu", { onMessage: () => {}, onEnd: ended.resolve });
    void client.publish("devices/by-a-viewer/telemetry/environment", "{}", { qos: 1 }).catch(() => {});
    return ended.promise;
  })()`);
  expect(tried).not.toBe("");
  const { topics } = await installation.api<{ topics: unknown[] }>(
    "GET",
    "/topics?prefix=devices/by-a-viewer",
  );
  expect(topics).toEqual([]);
});

test("a viewer sees devices and topics, and nothing that changes something", async () => {
  await using watched = await installation.open("/devices/room-eu-01", { role: "viewer" });
  const { page } = watched;
  await page.getByText("temperature").first().waitFor();
  for (const path of ["/devices", "/connect", "/topics", "/devices/boiler-7"]) {
    await page.goto(new URL(path, installation.addresses.console.url).href);
    await page.locator("main h1").waitFor();
    for (const name of ["Make its credential", "New password", "Revoke", "Publish"])
      expect(await page.getByRole("button", { name }).count()).toBe(0);
  }
});

test.each([
  ["/connect", "connect"],
  ["/devices", "devices"],
  ["/devices/room-eu-01", "device"],
  ["/topics", "topics"],
])("%s is whole in the dark and on a phone", async (path, name) => {
  for (const look of [{ dark: true }, { viewport: PHONE }]) {
    await using watched = await installation.open(path, look);
    const { page } = watched;
    await page.locator("main .panel").first().waitFor();
    await screenshot(page, `${name}-${look.dark ? "dark" : "phone"}`);
    expect(await seriousViolations(page)).toEqual([]);
    const width = await page.evaluate<number>("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(page.viewportSize()!.width);
  }
});
