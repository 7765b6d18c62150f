// Who can do what at the nats-servers: the table of docs/security.md, from the rights that the configurations have.
import { inAccount, leafAccount, outAccount } from "../../platform/nats/topology/crossings.ts";
import { accountOf } from "../../platform/nats/topology/accounts.ts";
import {
  HUB_USERS,
  type Permissions,
  REGION_USERS,
  hubPermissions,
  isOfAnswers,
  leafPermissions,
  regionPermissions,
} from "../../platform/nats/topology/permissions.ts";
import { GENERATED, code, page, table } from "./markdown.ts";

/** One region stands for any. */
const REGION = "region";

const any = (subject: string): string =>
  code(subject.replace(/\bregion\b/g, "{region}").replace(/_region\b/g, "_{region}"));

type Column = "appends" | "reads" | "removes" | "says";

/** The column and the text of one subject that may be published; null for what another column tells. */
function meaningOf(subject: string): readonly [Column, string] | null {
  if (isOfAnswers(subject) || subject === "$JS.API.INFO" || subject.startsWith("$JS.FC."))
    return null;
  if (subject.startsWith("live.")) return ["says", any(subject)];
  if (subject.startsWith("replay.")) return ["says", any(subject)];
  const api = /^\$JS\.(?:(\w+)\.)?API\.(.+)$/.exec(subject);
  if (!api) return ["appends", any(subject)];
  const [, domain, verb = ""] = api;
  const [, what = "", stream = ""] =
    /^(DIRECT\.GET|STREAM\.PURGE|STREAM\.MSG\.DELETE|STREAM\.CREATE|STREAM\.DELETE|CONSUMER\.CREATE)\.([^.]+)/.exec(
      verb,
    ) ?? [];
  const name = any(stream) + (domain === REGION ? " in the region" : "");
  if (what === "DIRECT.GET") return ["reads", name];
  if (what.startsWith("STREAM.PURGE") || what.startsWith("STREAM.MSG")) return ["removes", name];
  if (what === "CONSUMER.CREATE") return ["removes", `makes a consumer of ${name}`];
  return what === "" ? null : ["removes", `makes ${name}`];
}

function rowOf(user: string, { publish, subscribe }: Permissions): string[] {
  const columns: Record<Column, Set<string>> = {
    ...{ appends: new Set(), reads: new Set(), removes: new Set(), says: new Set() },
  };
  for (const subject of publish) {
    const meaning = meaningOf(subject);
    if (meaning) columns[meaning[0]].add(meaning[1]);
  }
  const heard = subscribe.filter(
    (subject) => !isOfAnswers(subject) && !subject.startsWith("push."),
  );
  const cells = [columns.appends, columns.reads, columns.removes, columns.says, heard.map(any)];
  return [code(user), ...cells.map((texts) => [...texts].sort().join(", "))];
}

const HEAD = ["user", "appends", "reads", "removes, makes", "says, asks", "hears, answers"];

export function securityPage(): string {
  const pairs = { regions: [REGION] };
  const region = regionPermissions(REGION, []);
  const hub = hubPermissions([REGION]);
  const rows = <U extends string>(
    users: readonly U[],
    of: Readonly<Record<U, Permissions | null>>,
  ) => users.flatMap((user) => (of[user] ? [rowOf(user, of[user])] : []));
  const leaf = leafPermissions(REGION, pairs);
  return page(
    GENERATED,
    "# Who can do what",
    "Each user of a nats-server is alone in an account of that name, with what is listed here and nothing else; from the same table " +
      "come the servers' configurations ([permissions.ts](../platform/nats/topology/permissions.ts), " +
      "[accounts.ts](../platform/nats/topology/accounts.ts)). The streams are in the account " +
      `${code(accountOf("admin"))}, where only ${code("admin")} logs in, whom \`skerry topology\` and repairs need. ` +
      `At the hub the mirrors of a region are in ${any(inAccount(REGION))}, and copies of what it may mirror in ${any(outAccount(REGION))}, with nothing else there: ` +
      "nobody logs in to these, and the administrator reaches the mirrors under their names. Nobody else makes consumers, but for the " +
      "steward where it makes a copy of a log again, so nobody else chooses where something is delivered; an answer comes to the account that asked. " +
      "`npm run attack` tries to get further. What is no wall: [SECURITY.md](../SECURITY.md). Processes with one user trust each other; sites that must not are " +
      "[regions of their own](guides/operating.md#sites-that-must-not-trust-each-other). Users have passwords, which the servers may keep as bcrypt hashes; NATS keys (nkeys) would do the same in another way, and are not offered.",
    "## In a region",
    table(HEAD, rows(REGION_USERS, region)),
    "A gateway of a region that has copies of other regions' logs reads, trims, deletes and makes these copies too.",
    "## At the hub",
    table(HEAD, rows(HUB_USERS, hub)),
    `## A region at the hub: ${any(`leaf-${REGION}`)} in ${any(leafAccount(REGION))}`,
    "Whatever a region's nats-server sends over its link, or somebody who took it over:",
    `- may say ${listOf(leaf.publish)};\n- hears ${listOf(leaf.subscribe)}.`,
  );
}

const listOf = (subjects: readonly string[]): string =>
  subjects
    .filter((subject) => !isOfAnswers(subject))
    .map(any)
    .join(", ");
