import type { Command } from "commander";
import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import type { Silence } from "../../contracts/rules/rule-base.ts";
import { type Rule, conditionText, contractsOf } from "../../contracts/rules/rule.ts";
import type { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { count } from "../../cloud/operations/words.ts";
import { knownContracts } from "../../cloud/operations/rules/contracts.ts";
import { applyRules, deleteRule, openRulesBucket } from "../../cloud/operations/rules/apply.ts";
import {
  type WantedSilence,
  addSilence,
  takeOutSilence,
} from "../../cloud/operations/rules/silences.ts";
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

  addSilenceCommands(rules, say);

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
  const { id, version, kind, silences = [] } = rule;
  const windows = silences.map(
    ({ cron, for: length, timezone }) =>
      `; silent for ${length} from "${cron}"${timezone === undefined ? "" : ` (${timezone})`}`,
  );
  return `${id} v${version}: ${kind} over ${contractsOf(rule).join(", ")}: ${conditionText(rule)}${windows.join("")}`;
}

/** Maintenance windows change no version: `skerry rules silence|unsilence`. */
function addSilenceCommands(rules: Command, say: Say): void {
  const told = ({ id, version, silences = [] }: Rule): void =>
    say(`${id} v${version}: ${count(silences.length, "maintenance window")}`);

  example(
    place(rules.command("silence")),
    "rules silence hot-room --for 2h",
    'rules silence hot-room --for 1h --cron "0 2 * * *" --timezone Europe/Berlin',
  )
    .description(
      "Tell nobody of what a saved rule would raise, for a while; its version stays, and what fires already goes on.",
    )
    .argument("<id>")
    .requiredOption("--for <duration>", "how long")
    .option("--cron <expression>", "begins at each of these times; without it once, now")
    .option("--timezone <name>", "IANA name of the expression's times (default: UTC)")
    .action((id: string, options: Place & WantedSilence) =>
      withBucket(options, async (bucket) =>
        told(await addSilence(bucket, id, windowOf(options), Date.now())),
      ),
    );

  example(place(rules.command("unsilence")), 'rules unsilence hot-room --for 1h --cron "0 2 * * *"')
    .description(
      "Take a maintenance window out of a saved rule; what it kept silent fires, if it holds.",
    )
    .argument("<id>")
    .requiredOption("--for <duration>", "its length")
    .requiredOption("--cron <expression>", "its times, as `rules list` says them")
    .option("--timezone <name>", "their IANA name (default: UTC)")
    .action((id: string, options: Place & Silence) =>
      withBucket(options, async (bucket) =>
        told(await takeOutSilence(bucket, id, { ...windowOf(options), cron: options.cron })),
      ),
    );
}

/** The window among the options of a command. */
const windowOf = ({ cron, for: length, timezone }: WantedSilence): WantedSilence => ({
  for: length,
  ...(cron === undefined ? {} : { cron }),
  ...(timezone === undefined ? {} : { timezone }),
});

const withBucket = (
  at: Place,
  work: (bucket: Bucket, hub: NatsConnection) => Promise<void>,
): Promise<void> => withNats(at, HUB, async (hub) => work(await openRulesBucket(hub), hub));
