// Goal: the compose file names what exists. Method: there is no Docker engine here, so it is parsed,
// and every file, program and setting in it is held against the project.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { hubConfig, regionConfig } from "../../../../platform/nats/topology/server-config.ts";

const PROJECT = join(import.meta.dirname, "../../../..");
const COMPOSE = join(PROJECT, "infra/compose");

interface Service {
  image: string;
  command: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  depends_on?: string[] | Record<string, unknown>;
}

const { services, volumes } = parse(readFileSync(join(COMPOSE, "compose.yaml"), "utf8"), {
  merge: true,
}) as { services: Record<string, Service>; volumes: Record<string, null> };

/** Every environment variable that a file of ours, or a server's configuration, speaks of. */
const mentions = (file: string, name: string): boolean =>
  readFileSync(join(PROJECT, file), "utf8").includes(name);

const OPTION_FILES: Record<string, string[]> = {
  "gateway/main.ts": ["gateway/options.ts", "gateway/listener-options.ts"],
  "gateway/alerting/main.ts": ["gateway/alerting/main.ts", "gateway/options.ts"],
  "cloud/aggregator/main.ts": [
    "cloud/aggregator/main.ts",
    "cloud/lane-options.ts",
    "cloud/sinks/influx/options.ts",
  ],
  "cloud/notifier/main.ts": ["cloud/notifier/main.ts", "cloud/lane-options.ts"],
  "cloud/steward/main.ts": [
    "cloud/steward/main.ts",
    "cloud/lane-options.ts",
    "cloud/sinks/influx/options.ts",
  ],
};

test.each(Object.entries(services))("%s", (_name, service) => {
  for (const dependency of Array.isArray(service.depends_on)
    ? service.depends_on
    : Object.keys(service.depends_on ?? {}))
    expect(services).toHaveProperty(dependency);
  for (const volume of service.volumes ?? []) {
    const [source = ""] = volume.split(":");
    if (source.startsWith(".")) expect(existsSync(join(COMPOSE, source)), source).toBe(true);
    else expect(volumes).toHaveProperty(source);
  }
  const [main = ""] = service.command;
  if (service.image === "skerry") expect(existsSync(join(PROJECT, main)), main).toBe(true);
  for (const variable of Object.keys(service.environment ?? {})) {
    if (variable.startsWith("SKERRY_"))
      expect(
        OPTION_FILES[main]!.some((file) => mentions(file, variable)),
        variable,
      ).toBe(true);
    if (variable.startsWith("NATS_")) {
      const [config = ""] = service.volumes![0]!.split(":");
      expect(mentions(join("infra/compose", config), `$${variable}`), variable).toBe(true);
    }
  }
});

test("the nats-servers' configurations are what the product would write now", () => {
  const pairs = { regions: ["eu", "us"] };
  const read = (name: string) => readFileSync(join(COMPOSE, "nats", `${name}.conf`), "utf8");
  expect(read("hub")).toBe(hubConfig(pairs));
  for (const region of pairs.regions) expect(read(region)).toBe(regionConfig(pairs, region));
});

test("secrets.sh makes every password that the compose file asks for", () => {
  const script = readFileSync(join(COMPOSE, "secrets.sh"), "utf8");
  const asked = readFileSync(join(COMPOSE, "compose.yaml"), "utf8").matchAll(
    /\$\{NATS_(\w+)_PASSWORD/g,
  );
  for (const [, user] of asked) expect(script).toContain(user);
});

test("the Dockerfile copies every folder that runs", () => {
  const dockerfile = readFileSync(join(COMPOSE, "Dockerfile"), "utf8");
  for (const folder of ["contracts", "gateway", "cloud", "device-sim", "otel", "infra"])
    expect(dockerfile).toContain(`COPY ${folder} ${folder}`);
});
