// What `npm start` says every 10 s where there is no panel: in words, and what is wrong first (pure).
import { type CrashLoop, crashLoopText } from "./crash-loop.ts";

export interface PlainLine {
  readonly elapsedSeconds: number;
  /** The verdict of the hub on the whole installation; null while nothing is known. */
  readonly sentence: string | null;
  /** The next step about the worst that is wrong; null if nothing is. */
  readonly next: string | null;
  /** Processes that are started again too often now. */
  readonly looping: Readonly<Record<string, CrashLoop>>;
  readonly acknowledged: number;
  readonly stored: number;
  readonly openAlerts: number;
}

export function plainLine(line: PlainLine): string {
  const { elapsedSeconds, looping, acknowledged, stored, openAlerts } = line;
  const loops = Object.entries(looping).map(([name, loop]) => `${name} ${crashLoopText(loop)}.`);
  const verdict = line.sentence ?? "Nothing is known of the installation yet.";
  const number = (value: number): string => value.toLocaleString("en");
  const counts = `acknowledged ${number(acknowledged)}, stored ${number(stored)}, open alerts ${number(openAlerts)}`;
  const next = line.next === null ? [] : [`Next: ${line.next}`];
  return [`${elapsedSeconds.toFixed(0)} s:`, ...loops, verdict, ...next, `(${counts})`].join(" ");
}
