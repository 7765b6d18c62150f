// Goal: an installation is written once and whole: a second run changes nothing, and what is people's is never touched.
// Method: installations of each role below a directory, files changed by hand, run again, uninstalled.
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { install, missingCertificates, uninstall } from "../../../../infra/install/install.ts";
import type { InstallOptions } from "../../../../infra/install/layout.ts";
import { newSigningKey, publicPemOf } from "../../../../platform/nats/signed/trusted-keys.ts";
import { ALL, HUB, REGION } from "../../../support/install-options.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let said: string[];
beforeEach(async () => {
  directory = await temporaryDirectory();
  said = [];
});
afterEach(() => directory[Symbol.asyncDispose]());

const at = (path: string): string => join(directory.path, path);
const where = (isDryRun = false) => ({
  ...{ root: directory.path, isDryRun },
  say: (line: string) => void said.push(line),
});
/** Every file and its text. */
const everything = (): Map<string, string> =>
  new Map(
    globSync("**/*", { cwd: directory.path, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => join(one.parentPath, one.name))
      .map((path) => [path, readFileSync(path, "utf8")]),
  );
const unitsThere = (): string[] =>
  globSync("*.service", { cwd: at("etc/systemd/system") })
    .map((name) => name.replace(".service", ""))
    .toSorted();

describe("what a role has", () => {
  test("all: everything on one machine", () => {
    install(ALL, where());
    expect(unitsThere()).toEqual(
      [
        "aggregator",
        "alerting",
        "backup",
        "console",
        "gateway",
        "influx-users",
        "influxd",
        "nats-eu",
      ]
        .concat(["nats-hub", "notifier", "steward", "topology"])
        .map((name) => `skerry-${name}`),
    );
  });

  test("a hub and a region: each its own, and the region what the hub knows of it", () => {
    install(HUB, where());
    expect(unitsThere()).not.toContain("skerry-gateway");
    const passwords = readFileSync(at("etc/skerry/secrets/nats-hub.conf"), "utf8");
    expect(passwords).toMatch(/^NATS_LEAF_US_PASSWORD: "s[0-9a-f]{48}"$/m);
    expect(readFileSync(at("etc/systemd/system/skerry-nats-hub.service"), "utf8")).toContain(
      "NATS_LEAF_LISTEN=127.0.0.1:7423",
    );
    expect(readFileSync(at("etc/skerry/skerry.yaml"), "utf8")).toContain(
      "link:\n  side: hub\n  listen: 0.0.0.0:7422\n  target: 127.0.0.1:7423\n",
    );
  });

  test("a region is refused in a sentence without the password that the hub has for it", () => {
    expect(() => install(REGION, where())).toThrow(
      "/etc/skerry/secrets/leaf-eu must be there first: copy it from the hub",
    );
    expect(everything().size).toBe(0);
    mkdirSync(at("etc/skerry/secrets"), { recursive: true });
    writeFileSync(at("etc/skerry/secrets/leaf-eu"), "s0123\n");
    install({ ...REGION, link: false }, where());
    expect(unitsThere()).toEqual(
      ["alerting", "backup", "gateway", "nats-eu"].map((name) => `skerry-${name}`),
    );
    expect(readFileSync(at("etc/skerry/secrets/nats-eu.conf"), "utf8")).toContain(
      'NATS_LEAF_URL: "nats-leaf://leaf-eu:s0123@hub.example.com:7422"',
    );
  });

  test("with a link a region dials its own end of it, and that end the hub", () => {
    mkdirSync(at("etc/skerry/secrets"), { recursive: true });
    writeFileSync(at("etc/skerry/secrets/leaf-eu"), "s0123\n");
    for (const name of ["ca", "nats-eu", "gateway-eu", "leaf-eu"])
      for (const end of ["pem", "key"]) {
        mkdirSync(at("etc/skerry/certificates"), { recursive: true });
        writeFileSync(at(`etc/skerry/certificates/${name}.${end}`), "");
      }
    install({ ...REGION, tls: true }, where());
    expect(unitsThere()).toContain("skerry-link");
    expect(readFileSync(at("etc/skerry/secrets/nats-eu.conf"), "utf8")).toContain(
      'NATS_LEAF_URL: "nats-leaf://leaf-eu:s0123@127.0.0.1:7423"',
    );
    expect(readFileSync(at("etc/skerry/skerry.yaml"), "utf8")).toContain(
      "link:\n  side: region\n  listen: 127.0.0.1:7423\n  target: hub.example.com:7422\n",
    );
    // The leaf is in clear text on this machine only; the link has TLS, and the clients' listener, too.
    const servers = readFileSync(at("etc/skerry/nats/eu.conf"), "utf8");
    expect(servers.slice(servers.indexOf("leafnodes"))).not.toContain("tls");
    expect(servers).toContain("$NATS_TLS_CERTIFICATE");
    expect(readFileSync(at("etc/systemd/system/skerry-link.service"), "utf8")).toContain(
      "SKERRY_LINK_CA=%d/ca.pem",
    );
  });

  test("with TLS it names every certificate that is missing", () => {
    expect(missingCertificates({ ...HUB, tls: true }, directory.path)).toEqual([
      ...["nats-hub", "leaf-eu", "leaf-us"],
    ]);
    expect(() => install({ ...REGION, tls: true }, where())).toThrow(
      /ca\.pem.*nats-eu\.pem.*nats-eu\.key.*gateway-eu\.pem.*leaf-eu\.key/,
    );
  });
});

describe("a hub of three nats-servers", () => {
  const hosts = ["h1.example.com", "h2.example.com", "h3.example.com"];
  const FIRST: InstallOptions = { ...HUB, tls: true, cluster: { hosts, own: 1 } };
  const SECOND: InstallOptions = { ...FIRST, role: "hub-server", cluster: { hosts, own: 2 } };
  const brought = (names: readonly string[]): void => {
    mkdirSync(at("etc/skerry/certificates"), { recursive: true });
    for (const name of names)
      for (const end of ["pem", "key"])
        writeFileSync(at(`etc/skerry/certificates/${name}.${end}`), "");
  };
  const text = (path: string): string => readFileSync(at(path), "utf8");

  test("processes are on the first, and know all three by names", () => {
    expect(missingCertificates(FIRST, directory.path)).toEqual([
      "nats-hub",
      "nats-hub-2",
      "nats-hub-3",
      "leaf-eu",
      "leaf-us",
    ]);
    brought(["ca", ...missingCertificates(FIRST, directory.path)]);
    install(FIRST, where());
    expect(text("etc/skerry/skerry.yaml")).toContain(
      "nats-url: tls://aggregator@h1.example.com:4222\n  nats-servers: [h2.example.com:4222, h3.example.com:4222]",
    );
    expect(text("etc/skerry/secrets/nats-hub.conf")).toMatch(
      /^NATS_ROUTE_3: "nats-route:\/\/route:s[0-9a-f]{48}@h3\.example\.com:6222"$/m,
    );
    const unit = text("etc/systemd/system/skerry-nats-hub.service");
    for (const line of ["NATS_SERVER_NAME=hub-1", "NATS_CLUSTER_LISTEN=0.0.0.0:6222"])
      expect(unit).toContain(line);
    expect(text("etc/skerry/nats/hub.conf")).toContain("name: hub-cluster");
    expect(install(FIRST, where()).written).toBe(0);
  });

  test("each other one wants what the first has, is a nats-server and an end of the link, and no more", () => {
    expect(() => install(SECOND, where())).toThrow(
      /secrets\/nats-hub-admin.*leaf-us.*route-hub.*certificates\/nats-hub-2\.pem/,
    );
    brought(["ca", ...missingCertificates(FIRST, directory.path)]);
    install(FIRST, where());
    const secrets = text("etc/skerry/secrets/nats-hub.conf");
    uninstall(where());
    install(SECOND, where());
    expect(unitsThere()).toEqual(["skerry-link", "skerry-nats-hub"]);
    expect(text("etc/skerry/secrets/nats-hub.conf")).toBe(secrets);
    const unit = text("etc/systemd/system/skerry-nats-hub.service");
    expect(unit).toContain("NATS_SERVER_NAME=hub-2");
    expect(unit).toContain("LoadCredential=tls.pem:/etc/skerry/certificates/nats-hub-2.pem");
  });

  test("a region dials all three, through its link or by its own nats-server", () => {
    mkdirSync(at("etc/skerry/secrets"), { recursive: true });
    writeFileSync(at("etc/skerry/secrets/leaf-eu"), "s0123\n");
    const hub = hosts.map((host) => `${host}:7422`).join(",");
    install({ ...REGION, hub }, where());
    expect(text("etc/skerry/skerry.yaml")).toContain(`target: ${hub}\n`);
    install({ ...REGION, hub, link: false }, where());
    expect(text("etc/skerry/secrets/nats-eu.conf")).toContain(
      'NATS_LEAF_URL_3: "nats-leaf://leaf-eu:s0123@h3.example.com:7422"',
    );
    expect(text("etc/skerry/nats/eu.conf")).toContain(
      "urls: [$NATS_LEAF_URL, $NATS_LEAF_URL_2, $NATS_LEAF_URL_3]",
    );
  });
});

describe("keys", () => {
  const secret = (name: string): string => at(`etc/skerry/secrets/${name}`);
  const unit = (name: string): string =>
    readFileSync(at(`etc/systemd/system/skerry-${name}.service`), "utf8");

  test("a new installation signs: private keys for root alone, and public halves of them", () => {
    install(ALL, where());
    for (const [own, half] of [
      ["signing-key", "trusted-keys"],
      ["engine-key", "engine-keys"],
    ] as const) {
      const pem = readFileSync(secret(own), "utf8");
      expect(statSync(secret(own)).mode & 0o777).toBe(0o600);
      expect(readFileSync(secret(half), "utf8")).toBe(publicPemOf(pem));
    }
    expect(unit("console")).toContain("SKERRY_SIGNING_KEY_FILE=%d/signing-key");
    expect(unit("gateway")).toContain("SKERRY_TRUSTED_KEYS_FILE=%d/trusted-keys");
    expect(unit("alerting")).toContain("SKERRY_ENGINE_KEY_FILE=%d/engine-key");
    expect(said.join("\n")).not.toContain("PRIVATE");
  });

  test("what people add to the trusted keys stays, and a second run changes nothing", () => {
    install(ALL, where());
    const both = readFileSync(secret("trusted-keys"), "utf8") + publicPemOf(newSigningKey());
    writeFileSync(secret("trusted-keys"), both);
    expect(install(ALL, where()).written).toBe(0);
    expect(readFileSync(secret("trusted-keys"), "utf8")).toBe(both);
  });

  test("an installation from before goes on unsigned, and hears so, until it has a key", () => {
    mkdirSync(at("etc/skerry"), { recursive: true });
    writeFileSync(at("etc/skerry/skerry.yaml"), "gateway:\n  region: eu\n");
    install(ALL, where());
    expect(existsSync(secret("signing-key"))).toBe(false);
    expect(unit("gateway")).not.toContain("TRUSTED");
    expect(said.join("\n")).toContain(
      "records of the hub are not signed: /etc/skerry/secrets/signing-key is not there",
    );
    expect(said.join("\n")).toContain("commands of alerts are not signed");
    writeFileSync(secret("signing-key"), newSigningKey(), { mode: 0o600 });
    writeFileSync(secret("engine-key"), newSigningKey(), { mode: 0o600 });
    said = [];
    install(ALL, where());
    expect(unit("gateway")).toContain("SKERRY_TRUSTED_KEYS_FILE=%d/trusted-keys");
    expect(said.join("\n")).not.toContain("not signed");
  });

  test("a region verifies what the hub signs once the public key has come, and has a key of its own", () => {
    mkdirSync(at("etc/skerry/secrets"), { recursive: true });
    writeFileSync(secret("leaf-eu"), "s0123\n");
    install(REGION, where());
    expect(said.join("\n")).toContain(
      "this region takes records of the hub unsigned: /etc/skerry/secrets/trusted-keys is not there",
    );
    expect(existsSync(secret("engine-key"))).toBe(true);
    expect(existsSync(secret("signing-key"))).toBe(false);
    writeFileSync(secret("trusted-keys"), publicPemOf(newSigningKey()));
    said = [];
    install(REGION, where());
    expect(unit("alerting")).toContain("SKERRY_TRUSTED_KEYS_FILE=%d/trusted-keys");
    expect(said.join("\n")).not.toContain("unsigned");
  });
});

describe("again", () => {
  test("a second run changes nothing, and says so by its count", () => {
    const { files } = install(ALL, where());
    const before = everything();
    expect(install(ALL, where())).toEqual({ written: 0, files });
    expect(everything()).toEqual(before);
  });

  test("configuration and secrets of people's are kept, and new keys are told", () => {
    install(ALL, where());
    const theirs = "gateway:\n  region: eu\n  mqtt-port: 1999\n";
    writeFileSync(at("etc/skerry/skerry.yaml"), theirs);
    writeFileSync(at("etc/skerry/secrets/influx-writer"), "my own\n");
    said = [];
    install(ALL, where());
    expect(readFileSync(at("etc/skerry/skerry.yaml"), "utf8")).toBe(theirs);
    expect(readFileSync(at("etc/skerry/secrets/influx-writer"), "utf8")).toBe("my own\n");
    expect(said).toContain(
      "/etc/skerry/skerry.yaml is kept as it is, and has no gateway.status-port: 8091",
    );
    expect(said.join("\n")).not.toContain("gateway.mqtt-port");
  });

  test("what is ours comes back, also the mode of a file with passwords", () => {
    install(ALL, where());
    const unit = at("etc/systemd/system/skerry-gateway.service");
    writeFileSync(unit, readFileSync(unit, "utf8").replace("NoNewPrivileges=yes\n", ""));
    chmodSync(at("etc/skerry/secrets/nats-eu.conf"), 0o644);
    said = [];
    expect(install(ALL, where()).written).toBe(2);
    expect(said).toEqual([
      "changed   /etc/skerry/secrets/nats-eu.conf",
      "changed   /etc/systemd/system/skerry-gateway.service",
    ]);
    expect(readFileSync(unit, "utf8")).toContain("NoNewPrivileges=yes\n");
    expect(statSync(at("etc/skerry/secrets/nats-eu.conf")).mode & 0o777).toBe(0o600);
  });

  test("a password that is renewed in its file reaches the nats-server's", () => {
    install(ALL, where());
    writeFileSync(at("etc/skerry/secrets/nats-eu-gateway"), "snew\n");
    expect(install(ALL, where()).written).toBe(1);
    expect(readFileSync(at("etc/skerry/secrets/nats-eu.conf"), "utf8")).toContain(
      'NATS_GATEWAY_PASSWORD: "snew"',
    );
  });

  test("units of another role are told, and left to people", () => {
    install(ALL, where());
    said = [];
    install({ ...ALL, ...HUB, regions: ["eu"] }, where());
    expect(said.filter((line) => line.includes("not of this role"))).toEqual([
      ...["alerting", "gateway", "nats-eu", "topology"].map(
        (name) =>
          `/etc/systemd/system/skerry-${name}.service is not of this role: skerry uninstall removes it, and this command writes the rest again`,
      ),
    ]);
    expect(unitsThere()).toContain("skerry-gateway");
  });

  test("an empty secret is an error that names the file, not a password that anybody knows", () => {
    install(ALL, where());
    writeFileSync(at("etc/skerry/secrets/nats-hub-admin"), "\n");
    expect(() => install(ALL, where())).toThrow("secrets/nats-hub-admin is empty");
  });
});

test("secrets are for root alone, each another, and in no other file that others may read", () => {
  install(ALL, where());
  const secrets = globSync("*", { cwd: at("etc/skerry/secrets") });
  const texts = secrets.map((name) => readFileSync(at(`etc/skerry/secrets/${name}`), "utf8"));
  for (const name of secrets)
    expect(statSync(at(`etc/skerry/secrets/${name}`)).mode & 0o777, name).toBe(0o600);
  expect(statSync(at("etc/skerry/secrets")).mode & 0o777).toBe(0o700);
  expect(statSync(at("etc/skerry/addresses.json")).mode & 0o777).toBe(0o600);
  expect(new Set(texts).size).toBe(texts.length);
  const values = texts.filter((text) => /^s[0-9a-f]+\n$/.test(text)).map((text) => text.trim());
  for (const [path, text] of everything())
    if (!path.includes("/secrets/") && !path.endsWith("/addresses.json"))
      expect(
        values.filter((value) => text.includes(value)),
        path,
      ).toEqual([]);
});

test("whatever the umask, processes get through to what they read, and nobody else to secrets", () => {
  const before = process.umask(0o077);
  try {
    install(ALL, where());
  } finally {
    process.umask(before);
  }
  const modeOf = (path: string): number => statSync(at(path)).mode & 0o777;
  for (const path of ["etc", "etc/skerry", "etc/skerry/nats", "etc/systemd/system"])
    expect(modeOf(path), path).toBe(0o755);
  expect(modeOf("etc/skerry/influxdb.conf")).toBe(0o644);
  for (const path of ["secrets", "certificates"])
    expect(modeOf(`etc/skerry/${path}`), path).toBe(0o700);
});

test("a dry run writes nothing, and shows everything but secrets", () => {
  install(ALL, where(true));
  expect(everything().size).toBe(0);
  expect(said).toContain("new       /etc/skerry/skerry.yaml");
  expect(said.join("\n")).toContain("ProtectSystem=strict");
  expect(said.join("\n")).not.toMatch(/\bs[0-9a-f]{48}\b/);
});

test("each machine with stores of its own backs them up by a timer, which the target starts", () => {
  install(HUB, where());
  const target = readFileSync(at("etc/systemd/system/skerry.target"), "utf8");
  expect(target).toContain("skerry-backup.timer");
  expect(target).not.toContain("skerry-backup.service");
  const unit = readFileSync(at("etc/systemd/system/skerry-backup.service"), "utf8");
  expect(unit).toContain(
    "backup all --to %S/skerry/backups --keep 7 --hub nats://admin@127.0.0.1:4222 --influx 127.0.0.1:8088",
  );
  expect(unit).not.toContain("WantedBy");
  expect(JSON.parse(readFileSync(at("etc/skerry/addresses.json"), "utf8"))).toMatchObject({
    backups: "/var/lib/skerry/backups",
    disks: ["/var/lib/skerry"],
  });
});

test("uninstall removes what may be written again, and keeps all else", () => {
  install(ALL, where());
  writeFileSync(at("etc/systemd/system/skerry-mine.service"), "[Service]\n");
  mkdirSync(at("var/lib/skerry/influx"), { recursive: true });
  said = [];
  expect(uninstall(where(true))).toBe(16);
  expect(existsSync(at("etc/systemd/system/skerry.target"))).toBe(true);
  said = [];
  expect(uninstall(where())).toBe(16);
  expect(unitsThere()).toEqual(["skerry-mine"]);
  expect(existsSync(at("etc/skerry/secrets/influx-administrator"))).toBe(true);
  expect(said.slice(-2)).toEqual([
    "kept      /etc/skerry: configuration, secrets and certificates",
    "kept      /var/lib/skerry: logs of readings, InfluxDB and sessions",
  ]);
});
