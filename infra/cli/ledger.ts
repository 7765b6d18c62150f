import type { Command } from "commander";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import { acknowledgeOpen, openIn } from "../../cloud/operations/ledger/acknowledge.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { count } from "../../cloud/operations/words.ts";
import { sayJson } from "./kit/output.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, parseWholeNumber, place } from "./kit/options.ts";
import { userName } from "./kit/user-name.ts";
import { ledgerLines } from "./ledger/ledger-text.ts";
import { ledgerOf } from "./ledger/steward-says.ts";

/** A steward speaks once a second. */
const HEARD_WITHIN_MS = 5_000;

interface ShowFlags extends Place {
  readonly region?: string;
  readonly contract?: string;
  readonly json: boolean;
}

interface AcknowledgeFlags extends Place {
  readonly region: string;
  readonly partition: number;
  readonly why: string;
  readonly by: string;
}

/** `skerry ledger [show]`: what became of every acknowledged reading; `ledger acknowledge`: what is open there was seen. */
export function addLedgerCommand(program: Command, say: Say): void {
  const ledger = program
    .command("ledger")
    .description("The standing ledger: what became of every acknowledged reading.");

  example(
    place(ledger.command("show", { isDefault: true })),
    "ledger show",
    "ledger --region eu --contract environment --json",
  )
    .description(
      "Show what became of every acknowledged reading, by region and contract: stored, refused, known repeats, " +
        "waiting and where, set aside, lost; and which differences are known by name. Status 1 if that does not " +
        "balance. What it does without a name, too.",
    )
    .option("--region <name>", "only this region")
    .option("--contract <name>", "only this contract; ? for readings whose contract is not known")
    .option("--json", "as a JSON object", false)
    .action((flags: ShowFlags) =>
      withNats(flags, HUB, async (nats) => {
        const shown = shownOf(await standing(nats), flags);
        if (flags.json) sayJson(say, shown);
        else for (const line of ledgerLines(shown, Date.now())) say(line);
        if (shown.open.length > 0) process.exitCode = 1;
      }),
    );

  example(
    place(ledger.command("acknowledge")),
    'ledger acknowledge --region eu --partition 2 --why "a test wrote frames by hand"',
  )
    .description(
      "Say that you have looked at what is open in a lane, and why it is so. It is named from then on, with you, the " +
        "time and the reason, what is missing counts as lost, and the alert ends; what is open later opens it again.",
    )
    .requiredOption("--region <name>", "eu, us, …")
    .requiredOption("--partition <n>", "the lane's", parseWholeNumber)
    .requiredOption("--why <reason>", "for whoever reads the ledger later")
    .option("--by <name>", "who you are", userName())
    .action((flags: AcknowledgeFlags) =>
      withNats(flags, HUB, async (nats) => {
        const open = openIn(await standing(nats), flags);
        const { by } = await acknowledgeOpen(nats, open, flags);
        say(
          `${count(open.readings, "reading")} of lane ${flags.region}/${flags.partition}: acknowledged by ${by}`,
        );
        say(open.why);
      }),
    );
}

async function standing(nats: NatsConnection): Promise<Ledger> {
  const ledger = await ledgerOf(nats, HEARD_WITHIN_MS);
  if (!ledger) throw refused("no steward says how the ledger stands: is one running?");
  return ledger;
}

function shownOf(ledger: Ledger, { region, contract }: ShowFlags): Ledger {
  const of = <T extends { region: string }>(all: readonly T[]): readonly T[] =>
    region === undefined ? all : all.filter((one) => one.region === region);
  const rows = of(ledger.rows).filter((row) => contract === undefined || row.contract === contract);
  const { lanes, open, named } = ledger;
  return { ...ledger, rows, lanes: of(lanes), open: of(open), named: of(named) };
}
