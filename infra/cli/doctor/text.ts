// Findings as people read them: what is wrong first, each with what would be right and the next step (pure).
import { list } from "../../../cloud/insight/words.ts";
import { count } from "../../../cloud/operations/words.ts";
import { AREAS, type Finding, LEVELS, type Level } from "./finding.ts";

const MARKS: Readonly<Record<Level, string>> = {
  wrong: "✗",
  unknown: "?",
  warning: "!",
  note: "·",
  fine: "✓",
};
const WORDS: Readonly<Record<Exclude<Level, "fine">, string>> = {
  wrong: "wrong",
  unknown: "not reached",
  warning: "to look at",
  note: "to know",
};

export function findingLines(findings: readonly Finding[]): string[] {
  const told = LEVELS.toReversed().filter((level) => level !== "fine");
  return [
    verdict(findings),
    "",
    ...told.flatMap((level) =>
      together(findings.filter((one) => one.level === level)).flatMap((one) => linesOf(one)),
    ),
    `${MARKS.fine} fine: ${fineText(findings)}`,
  ];
}

/** Equal findings about several are told once, with the names of all. */
function together(findings: readonly Finding[]): Finding[] {
  const same = Map.groupBy(findings, ({ area, what, next }) => JSON.stringify([area, what, next]));
  return [...same.values()].map((all) => ({
    ...all[0]!,
    subject: list(all.map(({ subject }) => subject)),
  }));
}

function linesOf({ level, area, subject, what, right, next }: Finding): string[] {
  return [
    `${MARKS[level]} ${subject} (${area}): ${what}`,
    ...(right === undefined ? [] : [`    right: ${right}`]),
    ...(next === undefined ? [] : [`    next:  ${next}`]),
    "",
  ];
}

function verdict(findings: readonly Finding[]): string {
  const parts = (["wrong", "unknown", "warning", "note"] as const).flatMap((level) => {
    const of = findings.filter((one) => one.level === level).length;
    return of === 0 ? [] : [`${of} ${WORDS[level]}`];
  });
  const looked = count(findings.length, "check");
  return parts.length === 0 ? `All is well: ${looked}.` : `Of ${looked}: ${parts.join(", ")}.`;
}

function fineText(findings: readonly Finding[]): string {
  const parts = AREAS.flatMap((area) => {
    const of = findings.filter((one) => one.area === area && one.level === "fine").length;
    return of === 0 ? [] : [`${area} ${of}`];
  });
  return parts.join(", ") || "nothing";
}
