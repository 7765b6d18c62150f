// A reading that breaks its contract in fields that it may do without (pure): what is left of it.
import type { Invalid } from "../../contracts/mapping-format.ts";
import { type Contract, violationOf } from "../../contracts/schema/contract.ts";
import type { ContentFault } from "./check-numbers.ts";
import type { Note } from "./note.ts";

type Payload = Readonly<Record<string, unknown>>;

export interface Mended {
  readonly kind: "mended";
  readonly payload: Record<string, unknown>;
  readonly notes: readonly Note[];
}

/** The first fault that nothing mends. */
export interface Unmended {
  readonly kind: "unmended";
  readonly detail: string;
  /** True for a violation of the schema, which `validate.errors` of the contract then holds. */
  readonly isViolation: boolean;
}

export interface Mending {
  /** The word of a mapping on fields; the contract's own (`x-invalid`) counts where it is silent. */
  readonly says: ReadonlyMap<string, Invalid> | undefined;
  /** The fault of a value that the schema allows, or null. */
  readonly contentFault: (payload: Payload) => ContentFault | null;
}

/** The payload without the fields that the contract does not allow, or with its bounds in their place. */
export function mendReading(
  contract: Contract,
  payload: Payload,
  { says, contentFault }: Mending,
): Mended | Unmended {
  const rest: Record<string, unknown> = { ...payload };
  const notes: Note[] = [];
  // Each turn takes a field away, or clamps one that was not clamped yet.
  for (;;) {
    const isValid: boolean = contract.validate(rest);
    const fault = isValid ? contentFault(rest) : violated(contract);
    if (fault === null) return { kind: "mended", payload: rest, notes };
    const { field, detail } = fault;
    const how = howToMend(contract, rest, field, says);
    if (field === undefined || how === "refuse") {
      // What is wrong with the whole now follows from what was left out.
      const left = field === undefined ? notes : [];
      const cause = left.find((note) => note.field === missing(contract)) ?? left[0] ?? fault;
      return { kind: "unmended", detail: cause.detail, isViolation: !isValid };
    }
    const bound = isValid ? null : boundOf(contract.validate.errors![0]!);
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

function howToMend(
  contract: Contract,
  rest: Payload,
  field: string | undefined,
  says: Mending["says"],
): Invalid {
  if (field === undefined || !Object.hasOwn(rest, field)) return "refuse";
  // Without its tag a reading would be of another series.
  if (contract.tags.includes(field)) return "refuse";
  return says?.get(field) ?? contract.invalid.get(field) ?? "refuse";
}

/** The required property that the last failed `validate` missed. */
function missing({ validate }: Contract): unknown {
  const error = validate.errors?.[0];
  return error?.keyword === "required" ? error.params["missingProperty"] : undefined;
}

/** The violation that the last failed `validate` found; the whole payload has no field. */
function violated(contract: Contract): { field: string | undefined; detail: string } {
  const { instancePath } = contract.validate.errors![0]!;
  const field = instancePath.split("/")[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
  return { field, detail: violationOf(contract) };
}

const boundOf = ({ keyword, params }: { keyword: string; params: unknown }): number | null =>
  keyword === "minimum" || keyword === "maximum" ? (params as { limit: number }).limit : null;
