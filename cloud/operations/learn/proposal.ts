// What is proposed for a template of topics (pure).
import type { MappingEntry } from "../../../contracts/mapping-format.ts";
import type { SchemaFile } from "../../../contracts/schema/catalog.ts";
import type { Sample } from "./sample.ts";

export interface Proposal {
  /** `map`: readings; `ignore`: no reading is in it; `none`: nobody knows how to read it. */
  readonly kind: "map" | "ignore" | "none";
  /** Its topics as people read them: `tele/{device}/SENSOR`. */
  readonly template: string;
  /** A shipped table, or null for a guess. */
  readonly from: string | null;
  /** The place of the device in words; empty if there is none. */
  readonly device: string;
  readonly entries: readonly MappingEntry[];
  /** New ones. */
  readonly contracts: readonly Omit<SchemaFile, "path">[];
  /** MQTT filters of topics that carry no reading. */
  readonly ignore: readonly string[];
  /** Reasons, and what to look at before saying yes. */
  readonly notes: readonly string[];
  readonly samples: readonly Sample[];
}
