import type { Recovery, RecoveryFigures } from "./measure-recovery.ts";

/** The longest time without a PUBACK while processes are restarted one by one. */
const ROLLING_GAP_MS = 2_000;

/** The figures as a terminal and a page of the guides show them. */
export function render(figures: RecoveryFigures): string {
  const { kills, restarts, acknowledged, lost } = figures;
  return [
    ...table("kill -9 of", kills),
    ...table("SIGTERM of", restarts),
    `${acknowledged} readings acknowledged, ${lost} lost`,
    ...(restarts.length === 0 ? [] : goalsOf(figures)),
  ].join("\n");
}

function goalsOf({ restarts, alerts }: RecoveryFigures): string[] {
  const worst = Math.max(...restarts.flatMap(({ gapsMs }) => gapsMs));
  const goal = (is: boolean, text: string): string => `${is ? "met   " : "MISSED"} ${text}`;
  return [
    goal(
      worst < ROLLING_GAP_MS,
      `restarts in turn: under ${ROLLING_GAP_MS} ms without a PUBACK (${worst.toFixed(0)})`,
    ),
    goal(
      alerts.length === 0,
      `restarts in turn raise no alert${alerts.map((one) => `; ${one}`).join("")}`,
    ),
  ];
}

/** Rows as a page of the guides has them. */
function table(head: string, rows: readonly Recovery[]): string[] {
  if (rows.length === 0) return [];
  const columns = (ms: readonly number[]): string[] => {
    const sorted = ms.toSorted((one, other) => one - other);
    // The nearest rank: of a few values the 99th percentile is the largest.
    const at = (q: number): number => sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
    return [at(0.5), at(0.99), at(1)].map((one) => (one / 1_000).toFixed(2));
  };
  return [
    `| ${head} | times | without a PUBACK, s: p50 | p99 | max | stored again after, s: p50 | p99 | max |`,
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map(
      ({ what, gapsMs, storedMs }) =>
        `| ${[what, gapsMs.length, ...columns(gapsMs), ...columns(storedMs)].join(" | ")} |`,
    ),
    "",
  ];
}
