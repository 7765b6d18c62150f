// Commands of a page and what they print: `console` blocks, a prompt `machine# ` before each command (pure).

export interface ConsoleStep {
  readonly machine: string;
  readonly command: string;
  /** What it prints; a line "…" stands for any lines, and "…" in a line for anything. */
  readonly shown: string;
}

const PROMPT = /^([a-z0-9-]+)# (.*)$/;

export function consoleSteps(markdown: string): ConsoleStep[] {
  const steps: { machine: string; command: string; shown: string }[] = [];
  for (const [, block = ""] of markdown.matchAll(/^```console\n([\s\S]*?)^```/gm))
    for (const line of block.replaceAll("\\\n", "").split("\n").slice(0, -1)) {
      const [, machine, command] = PROMPT.exec(line) ?? [];
      if (machine !== undefined) steps.push({ machine, command: command!, shown: "" });
      else steps.at(-1)!.shown += `${line}\n`;
    }
  return steps;
}

/** Whether a text is as a page shows it. */
export function isAsShown(text: string, shown: string): boolean {
  const pattern = shown
    .split("\n")
    .map((line) =>
      line === "…" ? "(?:.*\n)*" : `${line.split("…").map(RegExp.escape).join(".*")}\n`,
    )
    .join("")
    .replace(/\n$/, "");
  return new RegExp(`^${pattern}$`).test(text.endsWith("\n") || text === "" ? text : `${text}\n`);
}
