import { expect, test } from "vitest";
import { AGGREGATORS_MAX } from "../../../../infra/local/places.ts";
import { planLocal } from "../../../../infra/local/plan.ts";
import { ensurePrograms } from "../../../../infra/local/prerequisites.ts";

const options = {
  portBase: 14_200,
  dataDir: "/data",
  devices: 20,
  rate: 200,
  keepTimes: false,
  aggregators: AGGREGATORS_MAX,
  channels: "/channels.json",
  smtpUrl: "smtp://127.0.0.1:25",
};
const context = {
  programs: { "nats-server": "/bin/nats-server", influxd: "/bin/influxd" },
  node: "/bin/node",
  secret: (name: string) => name.replaceAll(" ", "-"),
  runId: "run",
  passedEnv: {},
};
const plan = planLocal(options, context);
const all = [...plan.servers, ...plan.services, plan.simulator];

test("every process has a name, ports of its own within 30, and nothing beyond loopback", () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  const ports = all.flatMap((process) => Object.values(process.ports));
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.min(...ports)).toBe(14_200);
  expect(Math.max(...ports)).toBeLessThan(14_230);
  for (const { env } of all)
    for (const value of Object.values(env)) expect(value).not.toMatch(/0\.0\.0\.0|\[::\]|\*:/);
});

test("two copies on other ports share none", () => {
  const other = planLocal({ ...options, portBase: 14_230 }, context);
  const ports = new Set(all.flatMap((process) => Object.values(process.ports)));
  for (const process of [...other.servers, ...other.services, other.simulator])
    for (const port of Object.values(process.ports)) expect(ports.has(port)).toBe(false);
});

test("a notifier only with channels, which alone gets the variables that they name", () => {
  const channelEnv = { HOOK_SECRET: "s3cret" };
  const { services } = planLocal(options, { ...context, channelEnv });
  const given = services.filter(({ env }) => env["HOOK_SECRET"] !== undefined);
  expect(given.map(({ name }) => name)).toEqual(["notifier"]);
  expect(given[0]!.env).toMatchObject({
    SKERRY_CHANNELS: options.channels,
    SKERRY_SMTP_URL: options.smtpUrl,
  });
  const without = planLocal({ ...options, channels: null }, context).services;
  expect(without.map(({ name }) => name)).not.toContain("notifier");
});

test("history is admitted only with --keep-times", () => {
  const gateway = (keepTimes: boolean) =>
    planLocal({ ...options, keepTimes }, context).services.find(
      ({ name }) => name === "gateway-eu",
    );
  expect(gateway(false)?.env).not.toHaveProperty("SKERRY_AGE_MAX");
  expect(gateway(true)?.env).toHaveProperty("SKERRY_AGE_MAX");
});

test("a missing program is named, with the commands for Debian, macOS and Docker", () => {
  const find = (): unknown =>
    ensurePrograms({ directories: ["/nowhere"], root: false, say: () => undefined });
  expect(find).toThrow(/nats-server, influxd not found/);
  for (const command of [/apt-get install -y nats-server influxdb/, /brew install/, /docker run/])
    expect(find).toThrow(command);
});
