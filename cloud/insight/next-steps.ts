// What to do next about each kind of problem, in a sentence or two, and where its run book is (pure).
import type { ProblemKind, RegionInsight } from "./insight.ts";
import { bytes } from "../operations/words.ts";
import { about } from "./words.ts";

/** Sections of docs/guides/run-books.md, as their anchors. */
export const RUN_BOOKS: Readonly<Record<ProblemKind, string>> = {
  nothing_runs: "skerryprocessdown",
  log_refuses: "skerrylogrefuses",
  data_lost: "skerryreadingslost",
  hub_fenced: "skerryhubfenced",
  region_went_back: "skerryregionwentback",
  ledger_open: "skerryledgeropen",
  sink_refuses: "skerrystorerefuses",
  stuck: "skerrylanestuck",
  waiting_for_wan: "skerrywandown",
  process_gone: "skerryprocessdown",
  log_filling: "skerrylognearlyfull",
  disk_filling: "skerrydiskfullsoon",
  flooding: "a-device-floods",
  standing: "a-region-catches-up",
  catching_up: "a-region-catches-up",
};

/** Time for which a region that is cut off keeps everything. */
const roomOf = ({ roomMs }: RegionInsight): string =>
  roomMs === null ? "" : ` (there is room for about ${about(roomMs)})`;

/** Words about the hub's copies of the logs: readings that are not stored wait there, and its disk has to hold them. */
function heldAtHub(regions: readonly RegionInsight[]): string {
  const hourly = regions.reduce((sum, { bytesPerHour }) => sum + (bytesPerHour ?? 0), 0);
  const grows = hourly === 0 ? "" : `: about ${bytes(hourly)} more an hour`;
  return `Nothing is lost meanwhile: readings wait in the logs, as long as the hub's disk has room${grows}.`;
}

export const startEverything =
  "Start Skerry (npm start, or systemctl start skerry.target). If it runs, the hub's nats-server is away: start that.";

const GIB = 1024 ** 3;

/** The command that gives a log twice the room that it has. */
const moreRoom = (bytesMax: number | null): string => {
  const gib = bytesMax === null ? "<GiB>" : Math.ceil((200 * bytesMax) / GIB) / 100;
  return `npx skerry topology apply --log-gib ${gib}`;
};

/** @param isRead whether everything in it has been read by all who read it. */
export const makeRoom = (region: string, bytesMax: number | null, isRead: boolean): string =>
  (isRead
    ? `All of it is read, and is cleared by itself within minutes. If it fills again, give it more room (${moreRoom(bytesMax)}). `
    : `See on Lanes who has not read the log, and mend that: what is read is cleared within minutes. Or give the log more room (${moreRoom(bytesMax)}). `) +
  `Devices of ${region} keep what they measure, and send it again.`;

export const startServerOf = (region: string): string =>
  `Start the nats-server of ${region}, or look at its disk. Devices keep what they measure, and send it again.`;

export const fetchLost =
  "The ledger names the frames. Devices that kept what they measured can send it again: repeats do no harm.";

export const recoverHub =
  "Run npx skerry hub recover: it merges what the regions still have. Until then nobody changes devices, rules, contracts or commands; readings and alerts go on.";

export const goOn = (region: string): string =>
  `Nothing has to be done if it is over within a minute: the gateway and the engine of ${region} move on behind what the hub has, and all of it is stored. If it lasts, see that they run, and what their logs say.`;

export const keepLogs =
  "Trim and delete nothing. The ledger names the lane, the frames, and the two sides that disagree.";

export const startStore = (regions: readonly RegionInsight[]): string =>
  `Start InfluxDB, or look at its disk and its log: what waits is stored by itself then. ${heldAtHub(regions)}`;

/** The step by what holds the readers up, in its own words. */
export function unstick(
  why: string,
  who: "aggregator" | "alerting" | "copy" | "channel",
  regions: readonly RegionInsight[],
): string {
  const waits = heldAtHub(regions);
  if (why.includes("waits for contract"))
    return `Publish that version (npx skerry contracts publish). ${waits}`;
  if (who === "channel")
    return "Look at the mail server or the webhook: what waits is sent again by itself.";
  if (who === "alerting")
    return `Start the alerting engine, or restart it: it goes on from where it was. No alert is raised there meanwhile.`;
  if (who === "copy")
    return "Look at the log and the disk of the hub's nats-server, and restart it. Nothing is lost meanwhile: the region keeps its readings.";
  if (why.includes("no aggregator works"))
    return `Wait 15 s: lanes pass from one aggregator to another. If it lasts, start an aggregator. ${waits}`;
  return `Start the aggregator, or restart it if it runs: it goes on from where it was. ${waits}`;
}

export const mendNetwork = (of: RegionInsight): string =>
  `Mend the network between region ${of.region} and the hub. Nothing is lost meanwhile: the region keeps its readings${roomOf(of)}, raises its alerts, and catches up by itself.`;

export const startProcess = (kind: string): string =>
  `Start the ${kind}; the end of its log says why it ended.`;

export const readFaster = (bytesMax: number): string =>
  `See on Lanes who is behind. If nobody is, give the log more room (${moreRoom(bytesMax)}), or keep less in it (SKERRY_LOG_KEEP).`;

export const makeDiskRoom =
  "Give the disk more room, or keep less: skerry influx retention for InfluxDB, SKERRY_LOG_KEEP for logs. Until it is full nothing is lost.";

export const mendDevice =
  "Mend the device, or revoke it on its page. It is read more slowly; nobody else is harmed.";

export const isItMeant =
  "If it is meant, nothing has to be done: all of it is taken, and it counts as usual within an hour. If not, mend the device, or revoke it on its page.";

export const waitALittle =
  "Wait some seconds: it goes on, or it is told what holds it up. Nothing is lost meanwhile.";

/** The time left can be watched only once it is told. */
export const letItCatchUp = ({ path: { etaMs } }: Pick<RegionInsight, "path">): string =>
  etaMs === null
    ? "Nothing has to be done: how long it takes is told within seconds."
    : "Nothing has to be done. If the time left does not become less, start another aggregator.";
