// Where the time went: a summary of a V8 CPU profile.
import { readFileSync } from "node:fs";
import { Command } from "commander";

interface Node {
  readonly id: number;
  readonly callFrame: { functionName: string; url: string; lineNumber: number };
  readonly children?: readonly number[];
}

export interface Profile {
  readonly nodes: readonly Node[];
  /** Node id of each sample, and the microseconds before it. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly name: string;
  /** Of the time that was not idle. */
  readonly self: number;
  /** With everything it called. */
  readonly total: number;
}

const nameOf = ({ callFrame: { functionName, url, lineNumber } }: Node): string => {
  const path = url.replace(/^file:\/\//, "").replace(`${process.cwd()}/`, "");
  return `${functionName || "(anonymous)"}${path === "" ? "" : ` ${path}:${lineNumber + 1}`}`;
};

/** Shares by function, largest own share first; a recursive function counts once per sample. */
export function sharesOf({ nodes, samples, timeDeltas }: Profile): Share[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parent = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parent.set(child, id);
  const selfUs = new Map<number, number>();
  samples.forEach((id, at) => selfUs.set(id, (selfUs.get(id) ?? 0) + timeDeltas[at]!));
  const shares = new Map<string, { self: number; total: number }>();
  let busyUs = 0;
  for (const [id, us] of selfUs) {
    if (byId.get(id)!.callFrame.functionName === "(idle)") continue;
    busyUs += us;
    const seen = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parent.get(at)) {
      const name = nameOf(byId.get(at)!);
      const share = shares.get(name) ?? { self: 0, total: 0 };
      shares.set(name, share);
      if (at === id) share.self += us;
      if (!seen.has(name)) share.total += us;
      seen.add(name);
    }
  }
  return [...shares]
    .map(([name, { self, total }]) => ({ name, self: self / busyUs, total: total / busyUs }))
    .sort((a, b) => b.self - a.self);
}

const percent = (share: number): string => `${(share * 100).toFixed(1).padStart(5)} %`;

export const profileCommand = new Command("profile")
  .description("Summarizes a CPU profile that `ingest --profile` wrote.")
  .argument("<file>", "a .cpuprofile")
  .option("--top <n>", "functions to show", "40")
  .action((file: string, { top }: { top: string }) => {
    const shares = sharesOf(JSON.parse(readFileSync(file, "utf8")) as Profile);
    const show = (title: string, by: keyof Omit<Share, "name">): void => {
      process.stdout.write(`${title}, share of busy time\n`);
      const sorted = [...shares].sort((a, b) => b[by] - a[by]).slice(0, Number(top));
      for (const share of sorted) process.stdout.write(`${percent(share[by])}  ${share.name}\n`);
    };
    show("own time", "self");
    show("\nwith everything it called", "total");
  });
