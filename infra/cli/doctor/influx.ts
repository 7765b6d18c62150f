// InfluxDB: that it answers, which one it is, how long it keeps what it has.
import { InfluxClient } from "../../../cloud/sinks/influx/client.ts";
import { policiesOf } from "../../../cloud/sinks/influx/policies.ts";
import { KINDS, keepText, policyOfKind } from "../../../cloud/sinks/influx/retention.ts";
import { aheadByDate, clockFinding } from "./network.ts";
import { type Finding, fine } from "./finding.ts";

export async function influxFindings(
  url: string,
  database: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const answer = await fetch(new URL("/ping", new URL(url).origin), { signal });
  const ahead = aheadByDate(answer.headers.get("date"), Date.now());
  const version = answer.headers.get("x-influxdb-version") ?? "";
  return [
    answer.ok
      ? fine("health", "influxd", "answers")
      : {
          ...{ area: "health", subject: "influxd", level: "wrong" },
          what: `answers with HTTP status ${answer.status}`,
          right: "204",
          next: `curl -i ${new URL(url).origin}/ping`,
        },
    versionFinding(version),
    ...(ahead === null ? [] : [clockFinding("influxd", ahead)]),
    ...(await retention(url, database, version)),
  ];
}

function versionFinding(version: string): Finding {
  const [, major] = /^v?(\d+)\./.exec(version) ?? [];
  if (major === "1" || major === "2") return fine("versions", "influxd", version);
  return {
    ...{ area: "versions", subject: "influxd" },
    level: Number(major) > 2 ? "wrong" : "warning",
    what: `says version "${version}"${Number(major) > 2 ? ", to which nothing is written" : ""}`,
    right:
      "1.x or 2.x: with 3.x a point that is written again, as rollups are, may keep its old values",
    next: "influxd version",
  };
}

async function retention(url: string, database: string, version: string): Promise<Finding[]> {
  if (!/^v?1\./.test(version)) return [];
  const policies = await policiesOf(new InfluxClient({ url, database }, 4_000));
  const subject = `influxd ${database}`;
  if (!policies.some(({ isDefault }) => isDefault))
    return [
      {
        ...{ area: "retention", subject, level: "wrong", what: "the database is not there" },
        right: "a database with its users",
        next: "npx skerry influx apply --influx URL …",
      },
    ];
  const kept = KINDS.map((kind) => ({ kind, policy: policyOfKind(kind, policies) }));
  const text = kept
    .map(({ kind, policy }) => `${kind} ${policy ? keepText(policy.durationMs) : "as readings"}`)
    .join(", ");
  const readings = kept[0]!.policy!;
  if (readings.durationMs !== null) return [fine("retention", subject, `keeps ${text}`)];
  return [
    {
      ...{ area: "retention", subject, level: "note" },
      what: `keeps ${text}: its disk fills up some day`,
      right: "for ever where that is meant, else a duration for each kind",
      next: "npx skerry influx retention --influx URL --keep readings=400d --shorten",
    },
  ];
}
