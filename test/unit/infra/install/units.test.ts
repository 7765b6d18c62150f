// Goal: units say what systemd shall take away, and secrets come by credentials alone.
// Method: the text of every unit of every role.
import { describe, expect, test } from "vitest";
import type { PROCESS_NAMES } from "../../../../infra/processes/processes.ts";
import { optionTables } from "../../../../infra/processes/option-tables.ts";
import { configurationOf, configurationText } from "../../../../infra/install/configuration.ts";
import type { InstallOptions, Role } from "../../../../infra/install/layout.ts";
import { unitsOf } from "../../../../infra/install/processes.ts";
import { unitText } from "../../../../infra/install/units.ts";
import { settingsOf } from "../../../../platform/runtime/config.ts";
import { parseConfigFile } from "../../../../platform/runtime/config-file/parse.ts";

const optionsOf = (role: Role, tls: boolean, link: boolean): InstallOptions => ({
  ...{ role, regions: ["eu", "us"], region: role === "hub" ? null : "eu", portBase: null },
  ...{ tls, link },
  hub: role === "region" ? "hub:7422" : null,
  programs: {
    node: "/opt/my node/node",
    entry: "/e.mjs",
    natsServer: "/n",
    influxd: "/i",
    rules: "/r",
  },
  signed: { records: true, engine: true },
});
const CASES = (["region", "hub", "all"] as const).flatMap((role) =>
  [false, true].flatMap((tls) => [false, true].map((link) => [role, tls, link] as const)),
);

describe.each(CASES)("role %s, TLS %s, link %s", (role, tls, link) => {
  const options = optionsOf(role, tls, link);
  const units = unitsOf(options);

  test("each unit is hardened, has a user of its own kind, and comes back", () => {
    for (const unit of units) {
      const lines = unitText(unit).split("\n");
      for (const line of ["NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="])
        expect(lines, unit.name).toContain(line);
      expect(lines.some((line) => /^User=skerry-\w+$/.test(line))).toBe(true);
      expect(lines.some((line) => /^Restart=(always|on-failure)$/.test(line))).toBe(true);
      // Node writes machine code; what does not may never.
      expect(lines.includes("MemoryDenyWriteExecute=yes")).toBe(!unit.makesCode);
      expect(unit.makesCode).toBe(unit.command[0] === options.programs.node);
    }
  });

  test("a variable that names a file of secrets names a credential that is loaded", () => {
    for (const { name, env, credentials } of units)
      for (const [variable, value] of Object.entries(env)) {
        if (!/_(FILE|KEY|CERTIFICATE|CA)$/.test(variable)) continue;
        if (variable === "SKERRY_VERIFIED_RECORDS_FILE") continue;
        expect(value, `${name}: ${variable}`).toMatch(/^%d\//);
        expect(Object.keys(credentials), name).toContain(value.slice("%d/".length));
      }
  });

  test("private keys are for who signs, public ones for who verifies, each with a file of what it verified", () => {
    const has = (file: string): string[] =>
      units.filter(({ credentials }) => file in credentials).map(({ name }) => name);
    const [isHub, isRegion] = [role !== "region", role !== "hub"];
    // What makes the streams writes the first record, and ends.
    const signers = [...(role === "all" ? ["skerry-topology"] : []), "skerry-console"];
    expect(has("signing-key")).toEqual(isHub ? signers : []);
    expect(has("engine-key")).toEqual(isRegion ? ["skerry-alerting"] : []);
    expect(has("engine-keys")).toEqual(isRegion ? ["skerry-gateway"] : []);
    expect(has("trusted-keys")).toEqual(isRegion ? ["skerry-gateway", "skerry-alerting"] : []);
    for (const { env, state } of units) {
      const { SKERRY_VERIFIED_RECORDS_FILE: file } = env;
      if (file !== undefined) expect(file).toBe(`%S/${state!}/records.sqlite`);
    }
  });

  test("no unit waits for one that this machine has not got", () => {
    const names = new Set(units.map(({ name }) => `${name}.service`));
    for (const { name, after } of units)
      for (const one of after) expect(names, `${name} after ${one}`).toContain(one);
  });

  test("the configuration file says nothing that a process does not know, and nothing twice", () => {
    const { entries, problems } = parseConfigFile(configurationText(configurationOf(options)));
    expect(problems).toEqual([]);
    const tables = optionTables({});
    for (const { section, key, raw } of entries) {
      if (section === "shared") continue;
      const table = tables[section as (typeof PROCESS_NAMES)[number]];
      const keys = Object.entries(table).flatMap(([name, option]) =>
        settingsOf(name, option).map((setting) => setting.key),
      );
      expect(keys, `${section}.${key}`).toContain(key);
      expect(raw).not.toBe("");
      const env = units.find(({ name }) => name === `skerry-${section}`)!.env;
      expect(env, key).not.toHaveProperty(`SKERRY_${key.toUpperCase().replaceAll("-", "_")}`);
    }
    const ports = entries.filter(({ key }) => /port$/.test(key)).map(({ raw }) => raw);
    const numbers = ports.filter((raw) => raw !== "none");
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

test("a path with a space is one word", () => {
  const [unit] = unitsOf(optionsOf("region", false, true)).filter(
    ({ name }) => name === "skerry-gateway",
  );
  expect(unitText(unit!)).toContain('ExecStart="/opt/my node/node" /e.mjs gateway\n');
});
