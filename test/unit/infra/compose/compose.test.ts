// Goal: the compose file names what exists. Method: there is no Docker engine here, so it is parsed,
// and every file, program and setting in it is held against the project.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LINK_OPTIONS } from "../../../../infra/link/options.ts";
import { AGGREGATOR_OPTIONS } from "../../../../cloud/aggregator/options.ts";
import { CONSOLE_OPTIONS } from "../../../../cloud/console/options.ts";
import { notifierOptions } from "../../../../cloud/notifier/options.ts";
import { STEWARD_OPTIONS } from "../../../../cloud/steward/options.ts";
import { ALERTING_OPTIONS } from "../../../../gateway/alerting/options.ts";
import { GATEWAY_OPTIONS } from "../../../../gateway/options.ts";
import { type OptionTable, settingsOf } from "../../../../platform/runtime/config.ts";
import { parse } from "yaml";
import { PACKAGED_FILES } from "../../../../infra/package/packaged-files.ts";
import { isProcessName } from "../../../../infra/processes/processes.ts";
import { parseTrustedKeys, publicPemOf } from "../../../../platform/nats/signed/trusted-keys.ts";
import { hubConfig, regionConfig } from "../../../../platform/nats/topology/server-config.ts";

const PROJECT = join(import.meta.dirname, "../../../..");
const COMPOSE = join(PROJECT, "infra/compose");

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  secrets?: string[];
  depends_on?: string[] | Record<string, unknown>;
}

const { services, volumes, secrets } = parse(readFileSync(join(COMPOSE, "compose.yaml"), "utf8"), {
  merge: true,
}) as {
  services: Record<string, Service>;
  volumes: Record<string, null>;
  secrets: Record<string, { environment: string }>;
};

/** Whether a server's configuration speaks of an environment variable. */
const mentions = (file: string, name: string): boolean =>
  readFileSync(join(PROJECT, file), "utf8").includes(name);

const DATA_SOURCES = readFileSync(
  join(PROJECT, "infra/grafana/generated/provisioning/datasources/skerry.yaml"),
  "utf8",
);
const CLI_PAGE = readFileSync(join(PROJECT, "docs/reference/cli.md"), "utf8");

const OPTION_TABLES: Record<string, OptionTable> = {
  gateway: GATEWAY_OPTIONS,
  link: LINK_OPTIONS,
  alerting: ALERTING_OPTIONS,
  aggregator: AGGREGATOR_OPTIONS,
  console: CONSOLE_OPTIONS,
  notifier: notifierOptions({}),
  steward: STEWARD_OPTIONS,
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
  const [main = ""] = service.command ?? [];
  const administers = ["topology", "influx", "certificates"].includes(main);
  if (service.image === "skerry") expect(administers || isProcessName(main), main).toBe(true);
  for (const variable of Object.keys(service.environment ?? {})) {
    if (administers) expect(CLI_PAGE).toContain(variable.replace(/(_(HUB|EU|US))?_FILE$/, ""));
    else if (variable.startsWith("SKERRY_"))
      expect(
        Object.entries(OPTION_TABLES[main]!)
          .flatMap(([name, option]) => settingsOf(name, option))
          .some(({ env }) => env === variable),
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

test.each(["hub", "nats-eu", "nats-us"])(
  "%s is given every variable of its configuration",
  (name) => {
    const service = services[name]!;
    const [config = ""] = service.volumes![0]!.split(":");
    const named = readFileSync(join(COMPOSE, config), "utf8").match(/\$NATS_\w+/g)!;
    const given = Object.keys(service.environment ?? {}).map((variable) => `$${variable}`);
    expect([...new Set(named)].filter((variable) => !given.includes(variable))).toEqual([]);
  },
);

test("Prometheus scrapes every process of ours, where it listens", () => {
  const path = join(PROJECT, "infra/grafana/generated/prometheus/prometheus.yaml");
  const { scrape_configs } = parse(readFileSync(path, "utf8")) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  const processes = Object.entries(services).filter(
    ([name, { image }]) =>
      image === "skerry" && !["topology", "influx-users", "certificates"].includes(name),
  );
  expect(scrape_configs.map(({ job_name }) => job_name).toSorted()).toEqual(
    processes.map(([name]) => name).toSorted(),
  );
  for (const [name, { environment = {} }] of processes) {
    const scraped = scrape_configs.find(({ job_name }) => job_name === name)!;
    const port = String(environment["SKERRY_STATUS_PORT"]);
    expect(scraped.static_configs[0]!.targets).toEqual([`${name}:${port}`]);
    expect(environment["SKERRY_STATUS_HOST"]).toBe("0.0.0.0");
  }
});

test("secrets.sh makes every password that the compose file asks for, and no two servers or users share one", () => {
  const made = execFileSync("sh", [join(COMPOSE, "secrets.sh")], { encoding: "utf8" });
  const values = new Map(
    [...made.matchAll(/^([A-Z_]+)=('[^']*'|.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
  expect(new Set(values.values()).size).toBe(values.size);
  const servers = ["hub", "nats-eu", "nats-us"];
  const taken = servers.map((name) =>
    Object.values(services[name]!.environment ?? {}).flatMap(
      (value) => /^\$\{(NATS_\w+):/.exec(String(value))?.[1] ?? [],
    ),
  );
  for (const variable of taken.flat()) expect(values.has(variable), variable).toBe(true);
  expect(new Set(taken.flat()).size).toBe(taken.flat().length);
});

test("secrets.sh makes every secret that reaches a container as a file", () => {
  const made = execFileSync("sh", [join(COMPOSE, "secrets.sh")], { encoding: "utf8" });
  for (const { environment } of Object.values(secrets))
    expect(made).toMatch(
      new RegExp(`^${environment}=(s[0-9a-f]{32}$|'-----BEGIN (PRIVATE|PUBLIC) KEY-----$)`, "m"),
    );
  for (const { command = [] } of Object.values(services))
    expect(command.join(" "), "passwords are in no arguments").not.toMatch(/PASSWORD|TOKEN/);
  for (const { image, secrets: used = [], environment = {} } of Object.values(services))
    for (const name of used) {
      expect(secrets).toHaveProperty(name);
      const told = image.startsWith("grafana/")
        ? DATA_SOURCES
        : Object.values(environment).join(" ");
      expect(told).toContain(`/run/secrets/${name}`);
    }
});

test("records and commands of alerts are signed: each process has the half of a key that it needs", () => {
  const made = execFileSync("sh", [join(COMPOSE, "secrets.sh"), "keys"], { encoding: "utf8" });
  const keyOf = (name: string): string => new RegExp(`^${name}='([^']*)'`, "m").exec(made)![1]!;
  const halves = { SIGNING_KEY: "TRUSTED_KEYS" } as Record<string, string>;
  for (const region of ["EU", "US"]) halves[`ENGINE_KEY_${region}`] = `ENGINE_KEYS_${region}`;
  for (const [own, trusted] of Object.entries(halves)) {
    expect(publicPemOf(keyOf(own))).toBe(keyOf(trusted));
    expect([...parseTrustedKeys(keyOf(trusted))]).toHaveLength(1);
  }
  const holders = (secret: string): string[] =>
    Object.entries(services).flatMap(([name, { secrets: of = [] }]) =>
      of.includes(secret) ? [name] : [],
    );
  expect(holders("signing-key")).toEqual(["console"]);
  for (const region of ["eu", "us"]) {
    expect(holders(`engine-key-${region}`)).toEqual([`alerting-${region}`]);
    expect(holders(`engine-keys-${region}`)).toEqual([`gateway-${region}`]);
    for (const name of [`gateway-${region}`, `alerting-${region}`]) {
      expect(holders("trusted-keys")).toContain(name);
      expect(services[name]!.volumes).toContain(`${name}:/data`);
    }
  }
});

test("whatever is published is published on this machine only", () => {
  for (const { ports = [] } of Object.values(services))
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test("every file of the image that a variable names is in the package", () => {
  const packaged = [...PACKAGED_FILES];
  for (const { image, environment = {} } of Object.values(services))
    for (const value of image === "skerry" ? Object.values(environment) : []) {
      const [, path] = /^\/opt\/skerry\/dist\/(.+)$/.exec(String(value)) ?? [];
      expect(String(value), "a path is absolute").not.toMatch(/^infra\//);
      if (path !== undefined) expect(globSync(packaged, { cwd: PROJECT })).toContain(path);
    }
});

test("every process of ours has a bound of memory, and an image that is not written to", () => {
  for (const [name, service] of Object.entries(services))
    if (service.image === "skerry" && !["topology", "influx-users", "certificates"].includes(name))
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        mem_limit: expect.any(String) as string,
      });
});
