// Looks that cannot hang: whatever takes too long, or fails, is a finding with the reason.
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Area, Finding } from "./finding.ts";

const WITHIN_MS = 5_000;
const OF_FILES: ReadonlySet<Area> = new Set(["secrets", "backups", "disk"]);

/** Runs one look. Never throws: what could not be reached is what was found. */
export async function asked(
  area: Area,
  subject: string,
  look: (signal: AbortSignal) => Promise<readonly Finding[]> | readonly Finding[],
  next = "npx skerry status",
): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  const late = new Promise<never>((_, reject) => {
    const give = (): void => reject(new Error(`no answer within ${WITHIN_MS / 1_000} s`));
    signal.addEventListener("abort", give, { once: true });
  });
  try {
    return await Promise.race([Promise.resolve().then(() => look(signal)), late]);
  } catch (error) {
    const what = `it could not be looked at: ${reasonOf(error)}`;
    const right = OF_FILES.has(area)
      ? "it is there, and may be read by who runs this"
      : "it answers";
    return [{ area, subject, level: "unknown", what, right, next }];
  }
}

/** The reason in one line; fetch hides it in a cause. */
export function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const text = messageOf(error);
  const more = cause === undefined || text !== "fetch failed" ? "" : `: ${causeOf(cause)}`;
  return `${text}${more}`.split("\n")[0]!;
}

const causeOf = (cause: unknown): string => {
  const { code } = cause as { code?: string };
  return messageOf(cause) || (code ?? "no reason is told");
};
