import type { Command } from "commander";
import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { type Rule, conditionText, contractsOf } from "../../contracts/rules/rule.ts";
import type { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { knownContracts } from "../../cloud/operations/rules/contracts.ts";
import { applyRules, deleteRule, openRulesBucket } from "../../cloud/operations/rules/apply.ts";
import { readRules, savedRules } from "../../cloud/operations/rules/store.ts";
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
        await deleteRule(bucket, id);
        say(`${id}: deleted`);
      }),
    );
}

function lineOf(rule: Rule): string {
  const { id, version, kind } = rule;
  return `${id} v${version}: ${kind} over ${contractsOf(rule).join(", ")}: ${conditionText(rule)}`;
}

const withBucket = (
  at: Place,
  work: (bucket: Bucket, hub: NatsConnection) => Promise<void>,
): Promise<void> => withNats(at, HUB, async (hub) => work(await openRulesBucket(hub), hub));
