import type { Command } from "commander";
import { refused } from "../../cloud/operations/refused.ts";
import {
  type FleetProcess,
  type Hindrances,
  fleetOf,
  hindrances,
  ofOtherVersions,
} from "../../cloud/operations/upgrade/fleet.ts";
import { count, instant } from "../../cloud/operations/words.ts";
import {
  type StoredFleetLevel,
  readFleetLevel,
  writeFleetLevel,
} from "../../platform/nats/client/fleet.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { regionsOf } from "../../platform/nats/lanes/copies.ts";
import { LiveView } from "../../platform/nats/live/live-view.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { FORMAT_LEVEL, FORMAT_LEVEL_UNSAID } from "../../platform/runtime/format-level.ts";
import { VERSION } from "../../platform/runtime/version.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { sayJson } from "./kit/output.ts";
import { userName } from "./kit/user-name.ts";

/** Each process says every second how it is. */
const HEARD_WITHIN_MS = 3_000;

interface Found {
  readonly stored: StoredFleetLevel | null;
  readonly fleet: readonly FleetProcess[];
  readonly hindrances: Hindrances;
}

/** `skerry upgrade`: which program each process runs, and the level of formats that is written. */
export function addUpgradeCommand(program: Command, say: Say): void {
  const upgrade = program
    .command("upgrade")
    .description("See how far an upgrade is, and finish it: docs/guides/upgrading.md.");
  place(example(upgrade.command("status"), "upgrade status", "upgrade status --json"), "the hub's")
    .description(
      "Show which version each process runs that is heard within 3 s, which formats it reads, and what stands in the way of finish; exit status 1 if anything does.",
    )
    .option("--json", "as a JSON object", false)
    .action((flags: Place & { json: boolean }) =>
      withNats(flags, HUB, async (hub) => {
        const found = await look(hub);
        if (allOf(found.hindrances).length > 0) process.exitCode = 1;
        if (flags.json) return sayJson(say, { version: VERSION, level: FORMAT_LEVEL, ...found });
        for (const line of statusLines(found)) say(line);
      }),
    );
  place(example(upgrade.command("finish"), "upgrade finish"), "the hub's")
    .description(
      "Say that no older program will run any more: from then on formats are written which only this one reads, and older programs do not start. There is no way back but a backup.",
    )
    .option("--by <name>", "who says so", userName())
    .option("--unheard", "although processes are not heard, which you know to be upgraded", false)
    .action((flags: Place & { by: string; unheard: boolean }) =>
      withNats(flags, HUB, async (hub) => say(await finish(hub, flags))),
    );
}

async function look(hub: NatsConnection): Promise<Found> {
  const regions = await regionsOf(new Streams(hub));
  const view = new LiveView();
  const [stored] = await Promise.all([
    readFleetLevel(hub),
    view.run(hub, [HUB, ...regions], AbortSignal.timeout(HEARD_WITHIN_MS)),
  ]);
  const fleet = fleetOf(view.processes);
  return { stored, fleet, hindrances: hindrances(fleet, { regions, level: FORMAT_LEVEL }) };
}

const allOf = ({ older, unheard }: Hindrances): readonly string[] => [...older, ...unheard];

function statusLines({ stored, fleet, hindrances }: Found): string[] {
  const all = allOf(hindrances);
  const others = ofOtherVersions(fleet, VERSION);
  const rows = fleet.map(({ domain, kind, instance, version, level }) =>
    [
      version.padEnd(10),
      `level ${level}`.padEnd(8),
      domain.padEnd(10),
      kind.padEnd(10),
      instance,
    ].join("  "),
  );
  return [
    ...rows,
    levelText(stored),
    others.length === 0
      ? `${count(fleet.length, "process", "processes")}, all of version ${VERSION}`
      : `${others.length} of ${count(fleet.length, "process", "processes")} run another version than this one, ${VERSION}`,
    ...all,
    ...(all.length === 0 && (stored?.fleet.level ?? FORMAT_LEVEL_UNSAID) < FORMAT_LEVEL
      ? [
          "every process reads the next level: npx skerry upgrade finish, once nobody wants to go back",
        ]
      : []),
  ];
}

const levelText = (stored: StoredFleetLevel | null): string =>
  stored === null
    ? `formats of level ${FORMAT_LEVEL_UNSAID} are written; this program reads up to level ${FORMAT_LEVEL}`
    : `formats of level ${stored.fleet.level} are written since ${instant(stored.fleet.atMs)}, as ${stored.fleet.by} said; this program reads up to level ${FORMAT_LEVEL}`;

/** @returns what was done. @throws AppError `CONFIG_INVALID` saying what stands in the way. */
async function finish(
  hub: NatsConnection,
  { by, unheard }: { readonly by: string; readonly unheard: boolean },
): Promise<string> {
  const { stored, hindrances } = await look(hub);
  const level = stored?.fleet.level ?? FORMAT_LEVEL_UNSAID;
  if (level > FORMAT_LEVEL)
    throw refused(
      `formats of level ${level} are written, and this program reads ${FORMAT_LEVEL}: use the newer one`,
    );
  if (stored && level === FORMAT_LEVEL) return `nothing to finish: ${levelText(stored)}`;
  const left = unheard ? hindrances.older : allOf(hindrances);
  if (left.length > 0) throw refused(`not finished: ${left.join("; ")}`);
  const fleet = { level: FORMAT_LEVEL, by, atMs: Date.now(), version: VERSION };
  if (!(await writeFleetLevel(hub, fleet, stored)))
    throw refused("somebody else has just finished it: look at npx skerry upgrade status");
  return `finished: formats of level ${FORMAT_LEVEL} are written, and programs that do not read them no longer start`;
}
