import canonicalize from "canonicalize";
import type { Command } from "commander";
import { type Catalog, SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { type Rule, conditionText, contractsOf } from "../../contracts/rules/rule.ts";
import { RULES_BUCKET, bucketStream } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { refused } from "./kit/refused.ts";
import { knownContracts } from "./rules/contracts.ts";
import { problemOf, readRules, savedRules } from "./rules/store.ts";
import { addRulesTestCommand } from "./rules/test-command.ts";

/** `skerry rules apply|test|list|delete`: rules that act in every region within seconds. */
export function addRulesCommand(program: Command, say: Say): void {
  const rules = program
    .command("rules")
    .description("Alerting rules saved at the hub, live in every region within seconds.");

  example(place(rules.command("apply")), "rules apply rules.json")
    .description(
      "Save the rules of a JSON file, all or none; a changed rule needs a higher version.",
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

  example(place(rules.command("list")), "rules list")
    .description("List the rules that are saved, one line each.")
    .action((options: Place) =>
      withBucket(options, async (bucket) => {
        const { rules: saved, unreadable } = savedRules(await bucket.records());
        for (const rule of saved.values()) say(lineOf(rule));
        for (const [key, why] of unreadable)
          say(`${key}: is no rule (${why}); save it again, or npx skerry rules delete ${key}`);
        if (saved.size + unreadable.size === 0) say("no rules");
      }),
    );

  example(place(rules.command("delete")), "rules delete hot-room")
    .description("Delete a rule; what it raised is resolved.")
    .argument("<id>")
    .action((id: string, options: Place) =>
      withBucket(options, async (bucket) => {
        if (!(await bucket.get(id))?.data) throw refused(`there is no rule "${id}"`);
        await bucket.delete(id);
        say(`${id}: deleted`);
      }),
    );
}

function lineOf(rule: Rule): string {
  const { id, version, kind } = rule;
  return `${id} v${version}: ${kind} over ${contractsOf(rule).join(", ")}: ${conditionText(rule)}`;
}

/** Saves all rules or none; a line for each. @throws AppError `CONFIG_INVALID` naming the rule at fault. */
async function applyRules(
  bucket: Bucket,
  wanted: readonly Rule[],
  catalog: Catalog,
): Promise<string[]> {
  const records = await bucket.records();
  const { rules: saved } = savedRules(records);
  // Deleted rules have one, too.
  const revisions = new Map(records.map(({ key, revision }) => [key, revision]));
  const problems = wanted.flatMap((rule) => {
    const why = problemOf(rule, catalog) ?? versionProblem(rule, saved.get(rule.id));
    return why === null ? [] : [`rule "${rule.id}": ${why}`];
  });
  if (problems.length > 0) throw refused(problems.join("\n"));
  const lines: string[] = [];
  for (const rule of wanted) {
    const before = saved.get(rule.id);
    if (before && isSame(before, rule)) {
      lines.push(`${rule.id} v${rule.version}: as it was`);
      continue;
    }
    const value = JSON.stringify(rule);
    if ((await bucket.replace(rule.id, value, revisions.get(rule.id) ?? 0)) === null)
      throw refused(`rule "${rule.id}": somebody else saved it meanwhile: try again`);
    lines.push(`${rule.id} v${rule.version}: saved`);
  }
  return lines;
}

const versionProblem = (rule: Rule, saved: Rule | undefined): string | null =>
  saved && !isSame(saved, rule) && rule.version <= saved.version
    ? `version ${saved.version} is saved with other content: raise its version`
    : null;

/** True for equal rules, in whatever order their properties were written. */
const isSame = (a: Rule, b: Rule): boolean => canonicalize(a) === canonicalize(b);

const withBucket = (
  at: Place,
  work: (bucket: Bucket, hub: NatsConnection) => Promise<void>,
): Promise<void> =>
  withNats(at, HUB, async (hub) => {
    const stream = await new Streams(hub).find(bucketStream(RULES_BUCKET));
    if (!stream) throw refused(`there is no bucket ${RULES_BUCKET}: npx skerry topology apply`);
    if (stream.mirror) throw refused("rules are saved at the hub only: say the hub's URL");
    await work(await Bucket.open(hub, RULES_BUCKET), hub);
  });
