import type { Command } from "commander";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { refused } from "../../cloud/operations/refused.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { ledgerLines } from "./ledger/ledger-text.ts";
import { ledgerOf } from "./ledger/steward-says.ts";

/** A steward speaks once a second. */
const HEARD_WITHIN_MS = 5_000;

interface Flags extends Place {
  readonly region?: string;
  readonly contract?: string;
  readonly json: boolean;
}

/** `skerry ledger`: what became of every acknowledged reading. */
export function addLedgerCommand(program: Command, say: Say): void {
  example(
    place(program.command("ledger")),
    "ledger",
    "ledger --region eu --contract environment --json",
  )
    .description(
      "Show what became of every acknowledged reading, by region and contract: stored, refused, known repeats, " +
        "waiting and where, set aside, lost. Status 1 if that does not balance.",
    )
    .option("--region <name>", "only this region")
    .option("--contract <name>", "only this contract; ? for readings whose contract is not known")
    .option("--json", "as a JSON object", false)
    .action((flags: Flags) =>
      withNats(flags, HUB, async (nats) => {
        const ledger = await ledgerOf(nats, HEARD_WITHIN_MS);
        if (!ledger) throw refused("no steward says how the ledger stands: is one running?");
        const { region, contract } = flags;
        const isWanted = (of: { region: string }): boolean =>
          region === undefined || of.region === region;
        const shown = {
          ...ledger,
          rows: ledger.rows.filter(
            (row) => isWanted(row) && (contract === undefined || row.contract === contract),
          ),
          lanes: ledger.lanes.filter(isWanted),
          open: ledger.open.filter(isWanted),
        };
        if (flags.json) say(JSON.stringify(shown, null, 2));
        else for (const line of ledgerLines(shown, Date.now())) say(line);
        if (shown.open.length > 0) process.exitCode = 1;
      }),
    );
}
