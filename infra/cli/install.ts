import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { refused } from "../../cloud/operations/refused.ts";
import { WHOLE_VERSIONS, weaknessesOf } from "../../platform/nats/topology/server-versions.ts";
import { as } from "../../platform/runtime/config.ts";
import {
  CERTIFICATES,
  type InstallOptions,
  LOOPBACK,
  PORTS_TAKEN,
  type Programs,
  ROLES,
  type Role,
  SIGNING_KEY,
  hasHub,
  othersOf,
  secretFile,
} from "../install/layout.ts";
import { RULES_FILE } from "../grafana/files.ts";
import { findProgram, searchDirectories } from "../local/prerequisites.ts";
import { environmentOf } from "./kit/credentials.ts";
import { type Say, example, parser } from "./kit/options.ts";
import { remark } from "./kit/output.ts";

/** Read when it is needed: servers' configurations and certificates would cost every other command. */
const installing = () => import("../install/install.ts");

const DAY_MS = 86_400_000;
const PROJECT = join(import.meta.dirname, "../..");
const ENTRY = join(import.meta.dirname, "../entry/skerry.mjs");
const PACKAGED_ENTRY = join(import.meta.dirname, "../../../infra/entry/skerry.mjs");
/** Units see nothing of these (ProtectHome, PrivateTmp). */
const HIDDEN = /^\/(home|root|run\/user|tmp|var\/tmp)\//;

const parseRegion = parser(as.token);
const parseRegions = parser((raw): string[] => raw.split(",").map((one) => as.token(one.trim())));
const parseHub = parser((raw): string =>
  raw
    .split(",")
    .map((one) => hubAddress(one.trim()))
    .join(","),
);
function hubAddress(raw: string): string {
  const url = URL.canParse(`nats://${raw}`) ? new URL(`nats://${raw}`) : null;
  if (url === null || url.hostname === "" || url.username !== "" || url.pathname !== "")
    throw new Error(`must be host:port, such as hub.example.com:7422, not "${raw}"`);
  return url.port === "" ? `${raw}:7422` : raw;
}
const CLUSTER_SIZE = 3;
const parseCluster = parser((raw): readonly string[] => {
  const hosts = raw.split(",").map((one) => one.trim());
  const wrong = hosts.find((host) => !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(host));
  if (wrong !== undefined)
    throw new Error(`must be names of machines, separated by commas; "${wrong}" is none`);
  if (new Set(hosts).size !== CLUSTER_SIZE || hosts.length !== CLUSTER_SIZE)
    throw new Error(`must be ${CLUSTER_SIZE} different names, not ${hosts.length}: "${raw}"`);
  return hosts;
});
const parseNode = parser(as.integer(2, CLUSTER_SIZE));
const parsePort = parser(as.integer(1, 65_000));

interface Flags {
  readonly role: Role;
  readonly region?: string;
  readonly regions?: readonly string[];
  readonly hub?: string;
  readonly cluster?: readonly string[];
  readonly node?: number;
  readonly name?: readonly string[];
  readonly tls: boolean;
  readonly link: boolean;
  readonly portBase?: number;
  readonly root: string;
  readonly dryRun: boolean;
}

/** `skerry install` and `skerry uninstall`: this machine's part of an installation, by systemd. */
export function addInstallCommands(program: Command, say: Say): void {
  const root = (command: Command): Command =>
    command
      .option("--root <dir>", "a directory that stands for /, such as that of an image", "/")
      .option("--dry-run", "print what would be written, and write nothing", false);
  example(
    root(
      program
        .command("install")
        .description(
          "Write systemd units, users, configurations and secrets for this machine's role; repeating it changes nothing.",
        )
        .addOption(
          new Option(
            "--role <role>",
            "a region, the hub, the hub and one region on one machine, or one more nats-server of a hub that is a cluster",
          )
            .choices(ROLES)
            .makeOptionMandatory(),
        )
        .option("--region <name>", "the region of this machine", parseRegion)
        .option("--regions <names>", "all regions that the hub has: eu,us", parseRegions)
        .option(
          "--hub <host:port>",
          "in a region: where the hub takes regions; of a cluster all three, by commas",
          parseHub,
        )
        .option(
          "--cluster <hosts>",
          "the hub's nats-servers on three machines: the names of these, by commas, that of --role hub first",
          parseCluster,
        )
        .option("--node <n>", "with --role hub-server: which of them this machine is", parseNode)
        .option("--tls", "TLS between regions and hub, and for devices", false)
        .option("--no-link", "without the compressed link between region and hub")
        .option(
          "--name <host>",
          "with --tls, a name by which others reach this machine; repeat it",
          (raw: string, before: readonly string[] = []) => [...before, raw],
        )
        .option(
          "--port-base <n>",
          `${PORTS_TAKEN} ports from here on, instead of the usual ones`,
          parsePort,
        ),
    ),
    "install --role all --region eu --dry-run",
    "install --role hub --regions eu,us --tls --name hub.example.com",
    "install --role region --region eu --hub hub.example.com:7422 --tls",
    "install --role hub --regions eu,us --tls --cluster hub-1.example.com,hub-2.example.com,hub-3.example.com",
    "install --role hub-server --node 2 --regions eu,us --tls --cluster hub-1.example.com,hub-2.example.com,hub-3.example.com",
  ).action((flags: Flags) => run(flags, say));
  example(
    root(
      program
        .command("uninstall")
        .description("Remove the units; data, secrets and configuration stay, and it says where."),
    ),
    "uninstall --dry-run",
  ).action(async ({ root: given, dryRun }: Flags) => {
    const { uninstall } = await installing();
    const at = resolve(given);
    if (at === "/" && !dryRun) say("first, if it runs: systemctl disable --now skerry.target");
    const removed = uninstall({ root: at, isDryRun: dryRun, say });
    if (removed === 0) say("nothing is installed here");
    else if (at === "/" && !dryRun) say("next: systemctl daemon-reload");
  });
}

async function run(flags: Flags, say: Say): Promise<void> {
  const root = resolve(flags.root);
  const options = optionsOf(flags);
  const { programs } = options;
  const hidden = [programs.node, programs.entry].filter((path) => HIDDEN.test(path));
  if (hidden.length > 0 && root === "/" && !flags.dryRun)
    throw refused(
      `${hidden.join(" and ")} would be hidden from the units: install skerry and Node outside of home and temporary directories, such as with npm install -g --prefix /usr/local`,
    );
  const old = oldServer(options);
  if (old !== null) remark(`skerry: warning: ${old}`);
  const { install, makeDirectories, missingCertificates } = await installing();
  if (options.tls && hasHub(options)) {
    const names = missingCertificates(options, root);
    const directory = join(root, CERTIFICATES);
    for (const name of names) say(`new       ${CERTIFICATES}/${name}.pem, .key`);
    if (!flags.dryRun) {
      makeDirectories(root);
      await issueCertificates(directory, names, flags.name ?? [], flags.cluster);
    }
  }
  const { written, files } = install(options, { root, isDryRun: flags.dryRun, say });
  if (options.role === "hub" && !options.tls)
    remark("skerry: warning: without --tls, readings of regions cross the network in clear text");
  if (written === 0) say(`nothing changed: ${files} files are as they should be`);
  else if (flags.dryRun) say(`${written} of ${files} files would be written`);
  else {
    say(`${written} of ${files} files written`);
    const isSigned = existsSync(join(root, secretFile(SIGNING_KEY)));
    for (const line of next(options, isSigned)) say(line);
  }
}

/** Commands that people run, because they start what runs from then on. */
const next = ({ role }: InstallOptions, isSigned: boolean): string[] => [
  "next, as root:",
  "  systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload",
  // A unit is active once it is ready, for which the streams have to be there.
  "  systemctl enable --now --no-block skerry.target",
  "  systemctl list-dependencies skerry.target",
  ...(isSigned
    ? [
        "then whoever changes devices, rules and contracts signs that:",
        `  export SKERRY_SIGNING_KEY_FILE=${secretFile(SIGNING_KEY)}`,
      ]
    : []),
  ...(role === "all"
    ? []
    : [
        "then, once hub and region run: streams, by skerry topology apply (docs/guides/production.md)",
      ]),
];

/** The sentence for a nats-server that lacks walls between machines; null for one that has them, or does not say what it is. */
function oldServer(options: InstallOptions): string | null {
  const { natsServer } = options.programs;
  const { stdout } = spawnSync(natsServer, ["--version"], { encoding: "utf8", timeout: 5_000 });
  const version = /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
  const isAlone = options.role === "all" && othersOf(options).length === 0;
  if (isAlone || version === undefined || weaknessesOf(version).length === 0) return null;
  return (
    `${natsServer} is ${version}: between machines take ${WHOLE_VERSIONS} or newer ` +
    "(https://github.com/nats-io/nats-server/releases), put before it in PATH, and run this again; topology apply names what it lacks"
  );
}

/** @throws AppError `CONFIG_INVALID` naming what does not go together. */
function optionsOf(flags: Flags): InstallOptions {
  const { role, tls, link } = flags;
  const isOfHub = role === "hub" || role === "hub-server";
  const region = isOfHub ? null : (flags.region ?? flags.regions?.[0] ?? null);
  if (isOfHub && flags.region !== undefined)
    throw refused("--region is of a region; a hub takes --regions, all that it has");
  if (role === "region" && flags.hub === undefined)
    throw refused(
      "--hub is missing: host:port of the hub's leaf port, such as hub.example.com:7422",
    );
  if (role !== "region" && flags.hub !== undefined)
    throw refused("--hub is for --role region: with this role the hub is here");
  if (region === null && !isOfHub) throw refused("--region is missing: its name, such as eu");
  const regions = flags.regions ?? (region === null ? [] : [region]);
  if (regions.length === 0) throw refused("--regions is missing: all that the hub has, eu,us");
  if (region !== null && !regions.includes(region))
    throw refused(`--regions ${regions.join(",")} lacks ${region}, the region of this machine`);
  return {
    ...{ role, regions, region, tls, link },
    ...{ hub: flags.hub ?? null, portBase: flags.portBase ?? null },
    ...clusterOf(flags),
    programs: programsFor(role),
  };
}

/** @throws AppError `CONFIG_INVALID` */
function clusterOf({ role, tls, cluster: hosts, node }: Flags): Pick<InstallOptions, "cluster"> {
  if (role === "hub-server") {
    if (hosts === undefined || node === undefined)
      throw refused(
        "--role hub-server wants --cluster, as at the hub, and --node: which of these this machine is, 2 or 3",
      );
  } else if (node !== undefined) throw refused("--node is for --role hub-server: the hub is 1");
  if (hosts === undefined) return {};
  if (role === "region" || role === "all")
    throw refused(
      role === "region"
        ? "--cluster is of the hub: a region names all three in --hub, by commas"
        : "--cluster is for --role hub and hub-server: three nats-servers on one machine fail together",
    );
  if (!tls) throw refused("--cluster needs --tls: its servers speak to each other over a network");
  return { cluster: { hosts, own: node ?? 1 } };
}

function programsFor(role: Role): Programs {
  const directories = searchDirectories(environmentOf()["PATH"] ?? "");
  const find = (name: "nats-server" | "influxd"): string => {
    const path = findProgram(name, directories);
    if (path === null)
      throw refused(
        `${name} is not installed; on Debian: apt-get install -y ${name === "influxd" ? "influxdb" : name}`,
      );
    return path;
  };
  return {
    node: process.execPath,
    entry: import.meta.filename.endsWith(".js") ? PACKAGED_ENTRY : ENTRY,
    natsServer: find("nats-server"),
    rules: join(PROJECT, RULES_FILE),
    influxd: role === "region" || role === "hub-server" ? "" : find("influxd"),
  };
}

/** The number of a nats-server of the hub, which its certificate is named by. */
const numberOf = (certificate: string): number =>
  Number(/^nats-hub-(\d)$/.exec(certificate)?.[1] ?? 1);

async function issueCertificates(
  directory: string,
  names: readonly string[],
  hosts: readonly string[],
  cluster: readonly string[] | undefined,
): Promise<void> {
  if (names.length === 0) return;
  const { makeCertificates } = await import("../certificates/directory.ts");
  const here = ["localhost", LOOPBACK];
  const hub = (at: number): string[] => [
    ...(cluster ? [cluster[at]!] : []),
    ...(at === 0 ? [...hosts, hostname()] : []),
    ...here,
  ];
  await makeCertificates({
    ...{ directory, replace: false, nowMs: Date.now() },
    ...{ validMs: 90 * DAY_MS, authorityValidMs: 3_650 * DAY_MS },
    wanted: names.map((name) =>
      name.startsWith("leaf-")
        ? { kind: "client" as const, name }
        : {
            kind: cluster && name.startsWith("nats-hub") ? ("peer" as const) : ("server" as const),
            hosts: [...new Set([name, ...hub(numberOf(name) - 1)])],
          },
    ),
  });
}
