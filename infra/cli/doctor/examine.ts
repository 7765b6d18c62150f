// Everything that `skerry doctor` looks at, all at once; whatever does not answer holds up nothing else.
import { readFileSync } from "node:fs";
import { setDefaultCACertificates } from "node:tls";
import type { ProcessStatus } from "../../../contracts/messages/status.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { openNats } from "../kit/connection.ts";
import { asked } from "./ask.ts";
import { backupFinding, certificateFindings, diskFinding, secretFinding } from "./files.ts";
import { type Finding, fine } from "./finding.ts";
import { influxFindings } from "./influx.ts";
import {
  copyFindings,
  logOf,
  planFindings,
  roomFinding,
  serverClock,
  versionFinding,
} from "./nats.ts";
import { portFinding, shownCertificate } from "./network.ts";
import { aMoment, laneFindings, lookAtProcess } from "./processes.ts";
import type { DoctorTarget } from "./target.ts";

/** Less than a look may take, so that its reason is told. */
const CONNECT_WITHIN_MS = 3_000;

type Looks = Promise<readonly Finding[]>;

export async function examine(target: DoctorTarget): Promise<Finding[]> {
  const { ca, nats, influx, database, tcp } = target;
  // Those who are asked by fetch take no authority of their own.
  if (ca !== null) setDefaultCACertificates([readFileSync(ca, "utf8")]);
  const listeners = {
    ...Object.fromEntries(Object.entries(nats).map(([name, { url }]) => [`nats-${name}`, url])),
    ...(influx === null ? {} : { influxd: influx }),
    ...tcp,
  };
  const looks: Looks[] = [
    examineNats(target),
    ...Object.entries(listeners).flatMap(([name, at]) => [
      asked("ports", name, async (signal) => [await portFinding(name, at, signal)]),
      asked("certificates", name, (signal) => shownCertificate(name, at, signal)),
    ]),
    ...(influx === null
      ? []
      : [
          asked(
            "health",
            "influxd",
            (signal) => influxFindings(influx, database, signal),
            `curl -i ${new URL(influx).origin}/ping`,
          ),
        ]),
    ...examineFiles(target),
  ];
  return (await Promise.all(looks)).flat();
}

function examineFiles({ secrets, certificates, backups, backupAgeMs }: DoctorTarget): Looks[] {
  const nowMs = Date.now();
  const noBackups: Finding = {
    ...{ area: "backups", subject: "backups", level: "note" },
    what: "nobody said where backups are, so their age is not known",
    right: "a backup every day",
    next: "npx skerry doctor --backups DIRECTORY",
  };
  return [
    ...secrets.map((path) => asked("secrets", path, () => [secretFinding(path)], `ls -l ${path}`)),
    ...certificates.map((path) =>
      asked("certificates", path, () => certificateFindings(path, nowMs), `ls -l ${path}`),
    ),
    backups === null
      ? Promise.resolve([noBackups])
      : asked(
          "backups",
          backups,
          () => [backupFinding(backups, backupAgeMs, nowMs)],
          `ls ${backups}`,
        ),
  ];
}

async function examineNats(target: DoctorTarget): Promise<readonly Finding[]> {
  const connections: Record<string, NatsConnection> = {};
  const opening = Promise.all(
    Object.entries(target.nats).map(([domain, address]) => {
      const name = `nats-${domain}`;
      const open = async (): Promise<Finding[]> => {
        connections[domain] = await openNats(address, CONNECT_WITHIN_MS);
        return [fine("health", name, "answers")];
      };
      return asked("health", name, open, logOfProcess(name));
    }),
  );
  const connected = opening.then(() => connections);
  try {
    const looks = [
      opening.then((found) => found.flat()),
      connected.then((all) => examineServers(target, all)),
      connected.then((all) => examineDisks(target, all)),
      examineProcesses(target, connected),
    ];
    return (await Promise.all(looks)).flat();
  } finally {
    await Promise.all(Object.values(connections).map((nats) => nats.close()));
  }
}

async function examineServers(
  target: DoctorTarget,
  connections: Readonly<Record<string, NatsConnection>>,
): Promise<readonly Finding[]> {
  const looks: Looks[] = Object.entries(connections).flatMap(([domain, nats]) => [
    asked("versions", `nats-${domain}`, () => [versionFinding(domain, nats)]),
    asked("clocks", `nats-${domain}`, async () => [await serverClock(domain, nats)]),
    asked("streams", `nats-${domain}`, () => copyFindings(domain, nats)),
    ...(domain === HUB
      ? []
      : [asked("disk", `nats-${domain}`, async () => [await roomFinding(domain, nats)])]),
  ]);
  // What is planned for one server is told by the others: nothing is compared unless all of them answer.
  const isWhole = Object.keys(target.nats).every((domain) => connections[domain] !== undefined);
  if (isWhole && connections[HUB])
    looks.push(
      Object.keys(connections).length === 1
        ? Promise.resolve([NOT_COMPARED])
        : asked("streams", "topology", () => planFindings(connections)),
    );
  return (await Promise.all(looks)).flat();
}

const NOT_COMPARED: Finding = {
  ...{ area: "streams", subject: "topology", level: "note" },
  what: "no region's nats-server is known here, so streams are not held against the plan",
  right: "all of them are as planned",
  next: "npx skerry topology diff --hub URL --region NAME=URL",
};

async function examineDisks(
  { disks }: DoctorTarget,
  connections: Readonly<Record<string, NatsConnection>>,
): Promise<readonly Finding[]> {
  const rates = await Promise.all(
    Object.entries(connections)
      .filter(([domain]) => domain !== HUB)
      .map(([region, nats]) => logOf(region, nats).catch(() => null)),
  );
  const known = rates.flatMap((one) => one?.bytesPerDay ?? []);
  // Each reading is at the region, at the hub and in InfluxDB, in about the same size.
  const perDay = known.length === 0 ? null : 3 * known.reduce((sum, one) => sum + one, 0);
  const looks = disks.map((path) =>
    asked("disk", path, () => [diskFinding(path, perDay)], `df -h ${path}`),
  );
  return (await Promise.all(looks)).flat();
}

/** Those who answered are asked again a moment later, beside the ends of the logs: who stands still is seen. */
async function examineProcesses(
  { status: urls, nats }: DoctorTarget,
  connecting: Promise<Readonly<Record<string, NatsConnection>>>,
): Promise<readonly Finding[]> {
  const answers = new Map<string, ProcessStatus>();
  const ask = async (names: readonly string[], into: Map<string, ProcessStatus>): Looks => {
    const looks = names.map((name) =>
      asked(
        "health",
        name,
        async (signal) => {
          const { findings, status } = await lookAtProcess(name, urls[name]!, signal);
          if (status) into.set(name, status);
          return findings;
        },
        logOfProcess(name),
      ),
    );
    return (await Promise.all(looks)).flat();
  };
  const [found, connections] = await Promise.all([ask(Object.keys(urls), answers), connecting]);
  const regions = Object.keys(connections).filter((domain) => domain !== HUB);
  if (answers.size === 0 || regions.length === 0) return found;
  const lanes = await asked("lanes", "lanes", async () => {
    const ends = await Promise.all(
      regions.map(async (region) => ({ region, ...(await logOf(region, connections[region]!)) })),
    );
    await aMoment();
    const after = new Map<string, ProcessStatus>();
    await ask([...answers.keys()], after);
    const all = ends.flatMap(({ region, lanes }) =>
      lanes.map((partition) => ({ region, partition })),
    );
    const lastSeq = new Map(ends.map((one) => [one.region, one.lastSeq]));
    return laneFindings({
      ...{ lanes: all, lastSeq },
      // Aggregators are the hub's.
      operators: nats[HUB] === undefined ? ["alerting"] : ["alerting", "aggregator"],
      before: [...answers.values()],
      after: [...after.values()],
    });
  });
  return [...found, ...lanes];
}

/** The command that shows the end of a log, under `npm start` and elsewhere. */
const logOfProcess = (name: string): string =>
  `tail .skerry/logs/${name}.log   (or journalctl -u skerry-${name})`;
