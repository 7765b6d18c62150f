// Goal: an operator learns what unknown devices send: sees what each message would become, confirms, and it is stored;
// a viewer is told that this is for operators.
// Method: a whole small installation that relays nothing, Debian's Chromium, mosquitto_pub as devices.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seriousViolations } from "./support/accessibility.ts";
import { screenshot } from "./support/browser.ts";
import { type Installation, startInstallation } from "./support/installation.ts";

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation(19_500, {
    ...{ devices: 1, rate: 1 },
    args: ["--no-demo-mappings", "--set", "gateway.relay=none"],
  });
}, 240_000);
afterAll(async () => installation?.[Symbol.asyncDispose]());

function publish(topic: string, payload: string): void {
  const { port } = new URL(installation.addresses.mqtt.eu);
  const args = ["-h", "127.0.0.1", "-p", port, "-V", "5", "-q", "1", "-t", topic, "-m", payload];
  execFileSync("mosquitto_pub", args, { stdio: "ignore" });
}

interface Listed {
  rejects: { topic: string; isDone: boolean }[];
}

test("proposals are shown, confirmed, put in force, and what was kept is stored", async () => {
  publish("sensors/kitchen/temperature", "20.5");
  publish("sensors/hall/humidity", "45");
  publish("tank/t-1/out", '{"temp":71.5,"flow":"3,5","running":true}');
  publish("tank/t-1/LWT", "Online");
  await using watched = await installation.open("/rejects?region=eu");
  const { page } = watched;
  await page.getByRole("link", { name: "Learn", exact: true }).click();
  await page.getByRole("heading", { name: "Learn from rejects" }).waitFor();
  const numbers = page.getByRole("region", { name: "sensors/{device}/{quantity}" });
  await numbers.getByText("quantity temperature, value 20.5").waitFor({ timeout: 30_000 });
  const tank = page.getByRole("region", { name: "tank/{device}/out" });
  await tank.getByText(/temperature 71.5/).waitFor();
  await tank.getByText("tank (new)").waitFor();
  expect(await seriousViolations(page)).toEqual([]);
  await screenshot(page, "learn-light");

  await tank.getByRole("button", { name: "Take and replay" }).click();
  await tank.waitFor({ state: "detached", timeout: 30_000 });
  await numbers.getByRole("button", { name: "Take and replay" }).click();
  await numbers.waitFor({ state: "detached", timeout: 30_000 });
  const presence = page.getByRole("region", { name: "tank/+/LWT" });
  await presence.getByRole("button", { name: "Ignore" }).click();
  await page.getByText("Nothing to ask").waitFor({ timeout: 30_000 });
  await screenshot(page, "learn-done-light");
  expect(watched.errors).toEqual([]);

  const { rejects } = await installation.api<Listed>("GET", "/rejects?region=eu");
  expect(rejects.filter(({ isDone }) => !isDone).map(({ topic }) => topic)).toEqual([
    "tank/t-1/LWT",
  ]);
  const learned = JSON.parse(readFileSync(installation.addresses.mappings.learned, "utf8")) as {
    mappings: { topic: string }[];
    ignore: string[];
  };
  expect(learned.mappings.map(({ topic }) => topic).sort()).toEqual([
    "sensors/{device}/{quantity}",
    "tank/{device}/out",
  ]);
  expect(learned.ignore).toEqual(["tank/+/LWT"]);
  publish("tank/t-2/out", '{"temp":61.5,"flow":"2,5","running":false}');
  const after = await installation.api<Listed>("GET", "/rejects?region=eu");
  expect(after.rejects.length).toBe(rejects.length);
});

test("a viewer changes nothing and asks for no inference", async () => {
  await using watched = await installation.open("/rejects/learn", { role: "viewer" });
  expect(await watched.page.getByRole("button", { name: "Take and replay" }).count()).toBe(0);
  expect(watched.errors).toEqual([]);
});
