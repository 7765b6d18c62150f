// Mapping entries for payloads that are one number or one word (pure).
import type { FieldMapping, MappingEntry } from "../../../contracts/mapping-format.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { fittingContract } from "./contract-of.ts";
import type { Described, Description } from "./described.ts";
import type { FieldPlan } from "./fields.ts";
import { quantityOf, stateOf, statesOf, unitOf } from "./quantities.ts";
import { type Roles, rolesOf } from "./roles.ts";
import type { Cluster } from "./topics.ts";

/** CEL that is true for text that is a number, and perhaps a unit. */
const IS_NUMBER = String.raw`value.matches('^[-+]?[0-9]+([.,][0-9]+)?([^0-9]{0,13})$')`;

export interface BareDraft {
  readonly entries: readonly MappingEntry[];
  readonly contracts: readonly never[];
  readonly notes: readonly string[];
  readonly roles: Roles | null;
}

/** One entry for a template, and one for each topic that a description names: its levels say nothing then. */
export function bareEntries(
  cluster: Cluster,
  { catalog, described }: { readonly catalog: Catalog; readonly described: Described },
): BareDraft {
  const value = valueOf(cluster);
  if (value === null) return { entries: [], contracts: [], notes: [], roles: null };
  const roles = rolesOf(cluster, true, null);
  const isSaying = (topic: string): boolean => {
    const [quantity] =
      roles.quantity?.constant === undefined ? [] : [String(roles.quantity.constant)];
    const said = described.get(topic)?.get("");
    return said !== undefined && !(quantity !== undefined && quantityOf(quantity) !== null);
  };
  const told = cluster.topics.filter(isSaying);
  const entries = told.map((topic) =>
    describedEntry(topic, described.get(topic)!.get("")!, { value, roles, catalog }),
  );
  if (told.length < cluster.topics.length)
    entries.push({
      name: "measurement",
      topic: roles.pattern,
      ...(roles.device === "{device}" ? {} : { device: roles.device }),
      contract: "measurement",
      ...(roles.names ? { names: roles.names } : {}),
      payload: "text",
      when: [whenOf(cluster, value)],
      ...(told.length > 0 ? { otherwise: true as const } : {}),
      time: "arrival",
      fields: { value, quantity: roles.quantity ?? { constant: quantityByUnit(cluster) } },
    });
  return { entries, contracts: [], notes: [], roles };
}

const whenOf = ({ kind }: Cluster, { as }: FieldMapping) =>
  kind === "number"
    ? { pointer: "", expression: IS_NUMBER }
    : {
        pointer: "",
        expression: `value.lowerAscii() in [${Object.keys(as as object)
          .map((word) => `'${word}'`)
          .join(", ")}]`,
      };

/** The quantity that a unit behind a number stands for: 12,5 °C is a temperature. */
function quantityByUnit({ parsed }: Cluster): string {
  const units = new Set(parsed.map(({ value }) => String(value).replace(/^[-+\d.,\s]+/, "")));
  const [unit] = units;
  const known = units.size === 1 && unit !== undefined ? unitOf(unit) : null;
  return (known && MEANT_BY[known.unit]) ?? "value";
}

/** Units that one quantity alone is given in. */
const MEANT_BY: Readonly<Record<string, string>> = {
  Cel: "temperature",
  hPa: "pressure",
  lx: "illuminance",
  W: "power",
  V: "voltage",
  A: "current",
  Hz: "frequency",
  "kW.h": "energy",
  "[ppm]": "co2",
};

/** The way from the payload to a number; null for words that are no state. */
function valueOf({ kind, parsed }: Cluster): FieldMapping | null {
  const texts = parsed.map(({ value }) => String(value));
  if (kind === "word")
    return texts.every((text) => stateOf(text) !== null)
      ? { pointer: "", as: statesOf(texts) }
      : null;
  return {
    pointer: "",
    as: "number",
    ...(texts.some((text) => text.includes(",")) ? { decimal: "," as const } : {}),
    ...(texts.some((text) => !/\d$/.test(text)) ? { units: "any" as const } : {}),
  };
}

interface Known {
  readonly value: FieldMapping;
  readonly roles: Roles;
  readonly catalog: Catalog;
}

/** The topic alone has no names: a description says the device, the quantity and the unit. */
function describedEntry(
  topic: string,
  { unit, quantity: said, device }: Description,
  { value, roles, catalog }: Known,
): MappingEntry {
  const known = said === undefined ? null : quantityOf(said);
  const inUnit = unit === undefined ? known : unitOf(unit);
  const common = {
    name: "described",
    topic,
    device: device ?? deviceOf(topic, roles),
    payload: "text" as const,
  };
  const when = [
    { pointer: "", expression: typeof value.as === "object" ? "value != ''" : IS_NUMBER },
  ];
  const scaled: FieldMapping = {
    ...value,
    ...(inUnit?.factor === undefined ? {} : { factor: inUnit.factor }),
    ...(inUnit?.offset === undefined ? {} : { offset: inUnit.offset }),
  };
  const field: FieldPlan | null =
    known && inUnit && value.as === "number"
      ? {
          name: known.name,
          type: "number",
          unit: inUnit.unit,
          min: known.min,
          max: known.max,
          isAlways: true,
          isUnnamed: false,
          mapping: scaled,
        }
      : null;
  const fitting =
    field && fittingContract(catalog, { fields: [field], hasPart: false, hasSequence: false });
  if (field && fitting)
    return {
      ...common,
      contract: fitting.name,
      when,
      time: "arrival",
      fields: { [field.name]: scaled },
    };
  const quantity = { constant: said ?? "value" };
  return { ...common, contract: "measurement", when, time: "arrival", fields: { value, quantity } };
}

const deviceOf = (topic: string, { device, pattern }: Roles): string => {
  const levels = topic.split("/");
  const named = new Map(
    pattern.split("/").flatMap((level, at) => {
      const name = /^\{(\w+)\}$/.exec(level)?.[1];
      return name === undefined ? [] : [[name, levels[at]!] as const];
    }),
  );
  return device.replaceAll(/\{(\w+)\}/g, (whole, name: string) => named.get(name) ?? whole);
};
