// What a message says (pure): its subject, and a line for each rule and key.
//
// W1. What is over is never told as if it were so now: several steps of one rule and key are one line, which
//     says how often each happened and how it ended.
// W2. Each line is one line, whatever a key or a message holds.
import { printable } from "../../platform/runtime/printable.ts";
import { type Alert, SEVERITIES } from "../../contracts/messages/alert.ts";
import type { Message } from "./message.ts";
import { type Story, lastOf, rankOf, storiesOf } from "./story.ts";

const AWAY = "while it was away";

/** One line that says what happened. */
export const subjectOf = (message: Message): string => printable(sentenceOf(message));

function sentenceOf({ kind, alerts, region }: Message): string {
  const stories = storiesOf(alerts);
  const [story] = stories;
  if (!story) return `Skerry ${region}: no alert`;
  const { rule } = story;
  const last = lastOf(story);
  if (stories.length === 1) {
    const { key } = story;
    if (story.late) return `LATE ${last.severity}: ${rule} ${key}, ${AWAY} (${region})`;
    const history = story.alerts.length === 1 ? "" : `, ${happened(story)}`;
    return `${stateWord(last)}: ${rule} ${key}${history} (${region})`;
  }
  const count = `${alerts.length} alerts`;
  if (kind === "late")
    return `LATE ${last.severity}: ${rule}, ${count} of ${stories.length}, while they were away (${region})`;
  if (kind === "group") return `${stateWord(last)}: ${rule}, ${count} (${region})`;
  const rules = new Set(alerts.map((alert) => alert.rule)).size;
  return `${count} of ${rules} ${rules === 1 ? "rule" : "rules"}${firingNow(stories)} (${region})`;
}

/** The part of a digest that is so now, the most severe first, so that nobody has to open it to know. */
function firingNow(stories: readonly Story[]): string {
  const firing = stories
    .filter((story) => !story.late && lastOf(story).state === "firing")
    .map(lastOf);
  const counts = SEVERITIES.toReversed().flatMap((severity) => {
    const count = firing.filter((alert) => alert.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  return counts.length === 0 ? ", none firing" : `, firing: ${counts.join(", ")}`;
}

/** Everything about the alerts, the most severe first, by rule and state; a line for each key. */
export function linesOf({ alerts }: Pick<Message, "alerts">): string[] {
  const groups = new Map<string, Story[]>();
  const bySeverity = storiesOf(alerts).sort((a, b) => rankOf(lastOf(b)) - rankOf(lastOf(a)));
  for (const story of bySeverity) {
    const last = lastOf(story);
    const heading = `${last.rule}: ${story.late ? AWAY : last.state}, ${last.severity}`;
    groups.set(heading, [...(groups.get(heading) ?? []), story]);
  }
  return [...groups].flatMap(([heading, stories], at) => [
    ...(at === 0 ? [] : [""]),
    printable(heading),
    ...stories.map((story) => `  ${printable(lineOf(story))}`),
  ]);
}

function lineOf(story: Story): string {
  const last = lastOf(story);
  const { key, message, sinceMs, atMs, state } = last;
  if (story.alerts.length === 1)
    return `${message.startsWith(key) ? "" : `${key}: `}${message} (since ${time(sinceMs)}${state === "resolved" ? `, until ${time(atMs)}` : ""})`;
  const first = story.alerts[0]!;
  const value = Number.isFinite(last.value) && last.value !== 0 ? `, last value ${last.value}` : "";
  return (
    `${key}: ${happened(story)}, from ${time(first.atMs)} to ${time(atMs)}${value}; ` +
    `${state === "firing" ? "firing now" : "resolved"}: ${message}`
  );
}

/** W1. "fired and resolved 9 times within 3 min". */
function happened(story: Story): string {
  const fired = story.alerts.filter(({ state }) => state === "firing").length;
  const resolved = story.alerts.length - fired;
  const within = ` within ${span(lastOf(story).atMs - story.alerts[0]!.atMs)}`;
  if (fired === resolved)
    return `fired and resolved${fired === 1 ? "" : ` ${fired} times`}${within}`;
  const parts = [
    ...(fired === 0 ? [] : [`fired ${times(fired)}`]),
    ...(resolved === 0 ? [] : [`resolved ${times(resolved)}`]),
  ];
  return `${parts.join(", ")}${within}`;
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

const stateWord = ({ state, severity }: Alert): string =>
  state === "firing" ? `FIRING ${severity}` : state.toUpperCase();

/** A length of time as people say it. */
function span(ms: number): string {
  if (!Number.isFinite(ms)) return "an unknown time";
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 1) return "1 s";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Alerts are read from a stream, and what is no time there must not stop the others. */
const time = (ms: number): string =>
  Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
