// A reading that breaks its contract in fields that it may do without (pure): what is left of it.
import type { Invalid } from "../../contracts/mapping.ts";
import { type Contract, violationOf } from "../../contracts/schema/contract.ts";
import type { Note } from "./note.ts";

export interface Mended {
  readonly payload: Record<string, unknown>;
  readonly notes: readonly Note[];
}

/**
 * The payload without the fields that the contract does not allow, or with its bounds in their place.
 * @param says what the mapping says of fields; the contract's own word (`x-invalid`) counts where it is silent.
 * @returns null if nothing says that a field may be mended, or the rest is no reading either.
 */
export function mendReading(
  contract: Contract,
  payload: Readonly<Record<string, unknown>>,
  says: ReadonlyMap<string, Invalid> | undefined,
): Mended | null {
  if (!says && contract.invalid.size === 0) return null;
  const rest: Record<string, unknown> = { ...payload };
  const notes: Note[] = [];
  // Each turn takes a field away, or clamps one that was not clamped yet.
  for (;;) {
    const isValid: boolean = contract.validate(rest);
    if (isValid) return { payload: rest, notes };
    const error = contract.validate.errors![0]!;
    const field = error.instancePath.split("/")[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
    if (field === undefined || !Object.hasOwn(rest, field)) return null;
    const how = says?.get(field) ?? contract.invalid.get(field) ?? "refuse";
    // Without its tag a reading would be of another series.
    if (how === "refuse" || contract.tags.includes(field)) return null;
    const detail = violationOf(contract);
    const bound = boundOf(error);
    const isNew = !notes.some((note) => note.field === field);
    if (how === "clamp" && bound !== null && isNew) {
      rest[field] = bound;
      notes.push({ field, how: "clamped", detail });
    } else {
      delete rest[field]; // A required one is missed in the next turn, which ends it.
      notes.push({ field, how: "left_out", detail });
    }
  }
}

const boundOf = ({ keyword, params }: { keyword: string; params: unknown }): number | null =>
  keyword === "minimum" || keyword === "maximum" ? (params as { limit: number }).limit : null;
