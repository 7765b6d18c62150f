import type { Command } from "commander";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { type Place, findInstallation } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, parseCount, place } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { UsageError } from "./kit/usage-error.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { count } from "../../cloud/operations/words.ts";
import { FramesAgain } from "./set-aside/frames-again.ts";
import {
  type StoredRecord,
  describe,
  dropRecord,
  lineOf,
  recordsIn,
  retryRecord,
} from "./set-aside/records.ts";

interface Where extends Place {
  readonly at?: string;
  readonly region?: string;
}

interface Retrying extends Where {
  readonly all: boolean;
  readonly regionNats?: string;
}

/** `skerry set-aside list|show|retry|drop`: exit status 1 if a retry left any. */
export function addSetAsideCommand(program: Command, say: Say): void {
  const setAside = program
    .command("set-aside")
    .description(
      "Records that a process could not handle and kept, while everything else went on.",
    );
  const where = (command: Command): Command =>
    place(command, "its")
      .option(
        "--at <domain>",
        "where they are: hub, eu, us, … (default: everywhere; needed with a sequence)",
      )
      .option("--region <name>", "the same for a region: eu, us, …");

  example(
    where(setAside.command("list")),
    "set-aside list",
    "set-aside list --region eu",
    "set-aside list --at hub --json",
  )
    .description("List the records that are set aside, one line each, oldest first.")
    .option("--json", "one JSON object a line", false)
    .action(async (options: Where & { json: boolean }) => {
      let found = 0;
      for (const domain of domainsOf(options))
        await withNats(options, domain, async (nats) => {
          for (const one of await recordsIn(nats, domain)) {
            found += 1;
            const { seq, record } = one;
            say(
              options.json
                ? JSON.stringify({ domain, seq, ...record })
                : `${domain} ${lineOf(one)}`,
            );
          }
        });
      if (found === 0 && !options.json) say("nothing is set aside");
    });

  example(where(setAside.command("show")), "set-aside show 17 --region eu")
    .description("Show everything of one record, its bytes as text.")
    .argument("<seq>", "its sequence, the second column of the list", parseCount)
    .action((seq: number, options: Where) => {
      const domain = oneDomain(options);
      return withNats(options, domain, async (nats) => {
        const [found] = (await recordsIn(nats, domain)).filter((one) => one.seq === seq);
        if (!found) throw refused(`there is no record ${seq} set aside at ${domain}`);
        for (const line of describe(found)) say(line);
      });
    });

  example(
    where(setAside.command("retry")),
    "set-aside retry 17 --region eu",
    "set-aside retry --all",
  )
    .description(
      "Have records handled again after what was wrong is mended: by the processes that set them aside; frames by a gateway, which admits their readings anew.",
    )
    .argument("[seq]", "its sequence, the second column of the list", parseCount)
    .option("--all", "all of them", false)
    .option(
      "--region-nats <url>",
      "the region's nats-server, for frames that the hub set aside (default: as --nats, or the local installation's)",
    )
    .action(async (seq: number | undefined, options: Retrying) => {
      const counts = { handled: 0, still: 0 };
      const frames = new FramesAgain((region, work) => withNats(regionOf(options), region, work));
      await eachOf(seq, options, async (nats, domain, one) => {
        const { outcome, detail } = await retryRecord(nats, domain, one, frames);
        const isHandled = outcome === "handled";
        counts[isHandled ? "handled" : "still"] += 1;
        say(`${domain} ${one.seq} ${isHandled ? "handled" : `still set aside: ${detail}`}`);
      });
      say(`${counts.handled} handled, ${counts.still} still set aside`);
      if (counts.still > 0) process.exitCode = 1;
    });

  example(where(setAside.command("drop")), "set-aside drop 17 --region eu")
    .description("Remove records that nobody can mend, for good; their alert is resolved.")
    .argument("[seq]", "its sequence, the second column of the list", parseCount)
    .option("--all", "all of them", false)
    .action(async (seq: number | undefined, options: Where & { all: boolean }) => {
      let dropped = 0;
      await eachOf(seq, options, async (nats, domain, one) => {
        if (await dropRecord(nats, domain, one.seq)) dropped += 1;
      });
      say(`${count(dropped, "record")} dropped`);
    });
}

const regionOf = ({ regionNats, ...options }: Retrying): Place =>
  regionNats === undefined ? options : { nats: regionNats };

/** Everything in the places that were named, or one record. */
async function eachOf(
  seq: number | undefined,
  options: Where & { all: boolean },
  work: (
    nats: Parameters<typeof recordsIn>[0],
    domain: string,
    record: StoredRecord,
  ) => Promise<void>,
): Promise<void> {
  if ((seq !== undefined) === options.all) throw new UsageError("say a sequence or --all");
  const domains = seq === undefined ? domainsOf(options) : [oneDomain(options)];
  for (const domain of domains)
    await withNats(options, domain, async (nats) => {
      const records = await recordsIn(nats, domain);
      const wanted = records.filter((one) => seq === undefined || one.seq === seq);
      if (seq !== undefined && wanted.length === 0)
        throw refused(`there is no record ${seq} set aside at ${domain}`);
      using progress = new Progress(`handling records of ${domain}`, wanted.length);
      for (const one of wanted) {
        await work(nats, domain, one);
        progress.step();
        progress.clear();
      }
    });
}

/** The domain that was named; else every one of the local installation, the hub first. */
function domainsOf(options: Where): string[] {
  const { at, region, nats, dataDir } = options;
  if (at !== undefined || region !== undefined || nats !== undefined) return [oneDomain(options)];
  const domains = Object.keys(findInstallation(dataDir).addresses.nats);
  return [...domains.filter((name) => name === HUB), ...domains.filter((name) => name !== HUB)];
}

function oneDomain({ at, region }: Where): string {
  const domain = at ?? region;
  if (domain === undefined || (at !== undefined && region !== undefined))
    throw new UsageError("say where: --at hub, or --region eu");
  return domain;
}
