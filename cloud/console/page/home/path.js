// The path of a region's readings as stations and links, from the facts of the overview (pure).
import {
  UNKNOWN,
  bytes,
  bytesOf,
  count,
  duration,
  minuteText,
  plural,
  rate,
  share,
} from "../kit/numbers.js";
import { urlOf } from "../shell/url.js";

export const LAG_STATES = {
  ...{ ok: "ok", catching_up: "info", standing: "warn" },
  ...{ waiting_for_wan: "warn", stuck: "bad" },
};
export const LAG_WORDS = {
  ok: "up to date",
  catching_up: "catching up",
  standing: "stands still",
  waiting_for_wan: "waits for WAN",
  stuck: "stuck",
};

const rateOr = (value, otherwise = UNKNOWN) => (value === null ? otherwise : rate(value));

/** What crosses the WAN are frames, each of many readings. */
const framesText = (perSecond) =>
  `${count(Math.round(perSecond))} ${Math.round(perSecond) === 1 ? "frame" : "frames"}/s`;

/** Beyond a link that is down nobody is heard. */
const isCutOff = ({ link }) => Boolean(link && !link.up);

/** A log that is all but full has no room for a frame. */
const isFull = ({ log: own }) => Boolean(own?.bytesMax) && own.bytes >= 0.95 * own.bytesMax;

function gateway(of, flow, problems) {
  const { region, link, connections } = of;
  const has = (kind) => problems.some((one) => one.kind === kind && one.region === region);
  const shared = { title: `Gateway ${region}`, href: urlOf(["devices"], { region }) };
  if (isCutOff(of))
    return {
      ...shared,
      main: "not heard",
      note: `since ${minuteText(link.sinceMs)}`,
      state: "idle",
    };
  if (has("log_refuses"))
    return {
      ...shared,
      main: "takes nothing",
      note: isFull(of) ? "log full" : "log away",
      state: "bad",
    };
  const main = rateOr(flow.admitted);
  if (has("flooding")) return { ...shared, main, note: "a device floods", state: "warn" };
  const note = typeof connections === "number" ? plural(connections, "connection") : "acknowledged";
  return { ...shared, main, note, state: flow.admitted === null ? "idle" : "ok" };
}

/** A share of a bound; a small one is told to be small. */
export const fillText = (fill) => (fill < 0.01 ? "under 1 %" : share(fill));

/** How full it is, and of what; without a bound its size. */
function log({ region, log: own, link }) {
  const shared = { title: `Log ${region}`, href: urlOf(["lanes"], { region }) };
  if (!own) return { ...shared, main: UNKNOWN, note: "", state: "idle" };
  const isOld = Boolean(link && !link.up);
  if (!own.bytesMax)
    return {
      ...{ ...shared, state: "idle", main: bytes(own.bytes) },
      note: isOld
        ? `at ${minuteText(own.atMs)}`
        : `${count(own.lastSeq - own.firstSeq + 1)} frames`,
    };
  const fill = own.bytes / own.bytesMax;
  return {
    ...shared,
    main: `${fillText(fill)} full`,
    note: isOld
      ? `of ${bytes(own.bytesMax)}, at ${minuteText(own.atMs)}`
      : bytesOf(own.bytes, own.bytesMax),
    state: isOld ? "idle" : fill >= 0.95 ? "bad" : fill >= 0.8 ? "warn" : "ok",
  };
}

function wan({ link }, flow) {
  if (!link) return { label: UNKNOWN, state: "idle", flow: null };
  return link.up
    ? {
        label: flow.copied === null ? "WAN up" : `WAN up, ${framesText(flow.copied)}`,
        state: "ok",
        flow: flow.copied,
      }
    : { label: `WAN down since ${minuteText(link.sinceMs)}`, state: "warn", flow: 0, cut: true };
}

function copy({ region, copy: known, link }) {
  const verdict = known?.verdict;
  const shared = {
    title: "Hub's copy",
    state: verdict ? LAG_STATES[verdict.state] : "idle",
    href: urlOf(["lanes"], { region }),
  };
  if (!known) return { ...shared, main: UNKNOWN, note: "" };
  // Of a region that is cut off, nobody can say how much there is to come.
  if (link && !link.up)
    return { ...shared, main: "cut off", note: `as of ${minuteText(link.sinceMs)}` };
  const lag = verdict?.behindFrames ?? null;
  if (lag === null) return { ...shared, main: bytes(known.bytes), note: "" };
  return lag === 0
    ? { ...shared, main: "complete", note: bytes(known.bytes) }
    : { ...shared, main: plural(lag, "frame"), note: "to come" };
}

/** Whether the store takes nothing, which is then why an aggregator stands still. */
const isRefusing = (sink) => sink?.state === "refusing";

/** The aggregators' verdict on their worst lane; undefined while no lane is known. */
function worstOf(lanes) {
  const order = ["stuck", "waiting_for_wan", "standing", "catching_up", "ok"];
  return lanes
    .map((lane) => lane.aggregator)
    .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))[0];
}

const behindText = (frames) =>
  frames === 0 ? "all that came is done" : `${plural(frames, "frame")} to go`;

/** The aggregators' work on the region's lanes: the worst lane speaks. */
function aggregator({ region, lanes = [] }, sink) {
  const worst = worstOf(lanes);
  // All lanes are of one log, and each counts the frames of it: the one that is farthest behind counts them all.
  const behind = Math.max(0, ...lanes.map((lane) => lane.aggregator.behindFrames));
  const isBehind = worst && worst.state !== "ok";
  const shared = { title: "Aggregator", href: urlOf(["lanes"], { region }) };
  if (isBehind && worst.state !== "waiting_for_wan" && isRefusing(sink))
    return { ...shared, main: "waits", note: behindText(behind), state: "warn" };
  return {
    ...shared,
    main: !worst ? UNKNOWN : LAG_WORDS[worst.state],
    note: !worst ? "" : isBehind ? behindText(behind) : plural(lanes.length, "lane"),
    state: worst ? LAG_STATES[worst.state] : "idle",
  };
}

const isAllStuck = (lanes) =>
  lanes.length > 0 && lanes.every((lane) => lane.aggregator.state === "stuck");

/** Lanes that are no farther apart are told as one. */
const APART_MS = 3_000;

/** The age is that of the lane that is farthest behind: where others are nearer, or all get nearer, it is not the newest. */
function ageText({ freshnessMs, lanes = [] }, sink) {
  if (freshnessMs === null || freshnessMs === undefined) return "age not known yet";
  const behind = lanes.flatMap(({ aggregator: { behindMs } }) => behindMs ?? []);
  const nearestMs = Math.min(...behind);
  if (behind.length > 1 && Math.max(...behind) - nearestMs > APART_MS)
    return `oldest ${duration(freshnessMs)} behind`;
  return worstOf(lanes)?.state === "catching_up" && !isRefusing(sink)
    ? `${duration(freshnessMs)} behind`
    : `newest ${duration(freshnessMs)} old`;
}

function store(of, flow, sink) {
  const { region, freshnessMs, lanes = [] } = of;
  const isStuck = worstOf(lanes)?.state === "stuck";
  const stands = of.path?.state === "standing" || isAllStuck(lanes);
  const shared = {
    title: "InfluxDB",
    note: ageText(of, sink),
    href: urlOf(["latency"], { region }),
  };
  if (isRefusing(sink)) {
    const main = /has not answered/.test(sink.detail) ? "no answer" : "takes nothing";
    return { ...shared, main, state: "bad" };
  }
  // Nobody writes, so nobody knows whether it would take it.
  if (stands || (isStuck && !flow.stored))
    return { ...shared, main: "gets nothing", state: "warn" };
  return {
    ...shared,
    main: rateOr(flow.stored, freshnessMs === null ? UNKNOWN : "stores"),
    state: isCutOff(of) || isStuck ? "warn" : sink?.state === "ok" ? "ok" : "idle",
  };
}

const link = (from, label, flow, state = from.state) => ({ label, state, flow });

/** Stations, and the links between them, of one region. */
export function pathOf(region, { sink, problems = [] }, flow) {
  const stations = [
    gateway(region, flow, problems),
    log(region),
    copy(region),
    aggregator(region, sink),
    store(region, flow, sink),
  ];
  const [first, , third, fourth] = stations;
  // Nobody takes what the hub has, however much comes there.
  const isTaken = !isRefusing(sink) && !isAllStuck(region.lanes ?? []);
  return {
    region: region.region,
    stations,
    links: [
      link(first, "", flow.admitted),
      wan(region, flow),
      link(third, "", isTaken ? flow.copied : 0),
      link(fourth, "", flow.stored),
    ],
  };
}
