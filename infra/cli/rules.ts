import canonicalize from "canonicalize";
import type { Command } from "commander";
import type { KV, NatsConnection } from "nats";
import { type Catalog, SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { type Rule, conditionText, contractsOf } from "../../contracts/rules/rule.ts";
import { CONTRACTS_BUCKET, RULES_BUCKET, bucketStream } from "../../contracts/names/subjects.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { ContractRegistry } from "../../platform/nats/lanes/contract-registry.ts";
import { streamConfig } from "../../platform/nats/topology/topology.ts";
import {
  CONNECT_WITHIN_MS,
  type Place,
  SILENT,
  keysOf,
  problemOf,
  readRules,
  refused,
  savedRules,
} from "./rules-store.ts";
import { addRulesTestCommand } from "./rules-test-command.ts";
import { natsTarget } from "./target.ts";

/** `skerry rules apply|test|list|delete`: rules that act in every region within seconds. */
export function addRulesCommand(program: Command, say: (line: string) => void): void {
  const rules = program
    .command("rules")
    .description("alerting rules saved at the hub, live in every region within seconds");
  const place = (command: Command): Command =>
    command
      .option("--nats <url>", "the hub's nats-server, nats://user:password@host:port")
      .option("--data-dir <dir>", "of the local installation", ".skerry");

  place(rules.command("apply"))
    .description(
      "save the rules of a JSON file, all or none; a changed rule needs a higher version",
    )
    .argument("<file>", "a JSON array of rules")
    .option("--schemas <dir>", "contracts that ship with the engines", SCHEMAS_DIRECTORY)
    .action(async (file: string, options: Place & { schemas: string }) => {
      const wanted = readRules(file);
      await withBucket(options, async (bucket, hub) => {
        const catalog = await knownContracts(hub, options.schemas);
        for (const line of await applyRules(bucket, wanted, catalog)) say(line);
      });
    });

  addRulesTestCommand(rules, say);

  place(rules.command("list"))
    .description("the rules that are saved, one line each")
    .action((options: Place) =>
      withBucket(options, async (bucket) => {
        const saved = await savedRules(bucket);
        for (const { rule } of saved.values()) say(lineOf(rule));
        if (saved.size === 0) say("no rules");
      }),
    );

  place(rules.command("delete"))
    .description("delete a rule; what it raised is resolved")
    .argument("<id>")
    .action((id: string, options: Place) =>
      withBucket(options, async (bucket) => {
        if (!(await savedRules(bucket)).has(id)) throw refused(`there is no rule "${id}"`);
        await bucket.purge(id);
        say(`${id}: deleted`);
      }),
    );
}

function lineOf(rule: Rule): string {
  const { id, version, kind } = rule;
  return `${id} v${version}: ${kind} over ${contractsOf(rule).join(", ")}: ${conditionText(rule)}`;
}

/** What is saved, or why nothing is. @throws AppError `RULE_INVALID` naming the rule at fault. */
async function applyRules(
  bucket: KV,
  wanted: readonly Rule[],
  catalog: Catalog,
): Promise<string[]> {
  const saved = await savedRules(bucket);
  const problems = wanted.flatMap((rule) => {
    const why = problemOf(rule, catalog) ?? versionProblem(rule, saved.get(rule.id)?.rule);
    return why === null ? [] : [`rule "${rule.id}": ${why}`];
  });
  if (problems.length > 0) throw refused(problems.join("\n"));
  const lines: string[] = [];
  for (const rule of wanted) {
    const before = saved.get(rule.id);
    if (before && isSame(before.rule, rule)) {
      lines.push(`${rule.id} v${rule.version}: as it was`);
      continue;
    }
    const value = JSON.stringify(rule);
    // `create` also where a rule of this id was deleted.
    if (before) await bucket.put(rule.id, value, { previousSeq: before.revision });
    else await bucket.create(rule.id, new TextEncoder().encode(value));
    lines.push(`${rule.id} v${rule.version}: saved`);
  }
  return lines;
}

const versionProblem = (rule: Rule, saved: Rule | undefined): string | null =>
  saved && !isSame(saved, rule) && rule.version <= saved.version
    ? `version ${saved.version} is saved with other content: raise its version`
    : null;

/** In whatever order its properties were written. */
const isSame = (a: Rule, b: Rule): boolean => canonicalize(a) === canonicalize(b);

/** Shipped contracts, and those that are published at the hub. */
async function knownContracts(hub: NatsConnection, shippedDirectory: string): Promise<Catalog> {
  const registry = new ContractRegistry(SILENT);
  registry.addShipped(shippedDirectory);
  const bucket = await hub.jetstream().views.kv(CONTRACTS_BUCKET, { bindOnly: true });
  for (const key of await keysOf(bucket)) {
    const entry = await bucket.get(key);
    if (entry) registry.apply({ subject: `$KV.${CONTRACTS_BUCKET}.${key}`, data: entry.value });
  }
  return registry.catalog;
}

async function withBucket(
  place: Place,
  use: (bucket: KV, hub: NatsConnection) => Promise<void>,
): Promise<void> {
  const soon = AbortSignal.timeout(CONNECT_WITHIN_MS);
  const target = { url: natsTarget(place, "hub"), name: "skerry rules" };
  const hub = await connectNats(target, SILENT, soon);
  try {
    const config = await streamConfig(await hub.jetstreamManager(), bucketStream(RULES_BUCKET));
    if (!config) throw refused(`there is no bucket ${RULES_BUCKET}: npx skerry topology apply`);
    if (config.mirror) throw refused("rules are saved at the hub only: say the hub's URL");
    const bucket = await hub.jetstream().views.kv(RULES_BUCKET, { bindOnly: true });
    await use(bucket, hub);
  } finally {
    await hub.close();
  }
}
