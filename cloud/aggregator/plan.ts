import type { Catalog } from "../../contracts/catalog.ts";
import type { Contract } from "../../contracts/contract.ts";
import { RawPoints, RollupPoints, type RollupPlace } from "./point.ts";

/** How the readings of one contract version become points; prepared once, used for every reading. */
export interface ContractPlan {
  readonly contract: Contract;
  readonly raw: RawPoints;
  readonly series: SeriesPlan;
  /** Numeric fields of this version and their place in `series.fields`. */
  readonly rolledUp: readonly { readonly name: string; readonly at: number }[];
}

/** What all versions of a contract share: they feed the same rollups. */
export interface SeriesPlan {
  readonly name: string;
  /** Numeric fields of any version, oldest version first; a place in it never changes. */
  readonly fields: readonly string[];
  /** Covers every field there is so far. */
  readonly points: RollupPoints;
}

/** The plans of one region; they grow with the catalog, also under open windows. */
export class Plans {
  readonly #catalog: Catalog;
  readonly #place: RollupPlace;
  readonly #series = new Map<string, GrowingSeries>();
  readonly #plans = new Map<string, Map<number, ContractPlan>>();

  constructor(catalog: Catalog, place: RollupPlace) {
    this.#catalog = catalog;
    this.#place = place;
    for (const name of catalog.names)
      for (const contract of catalog.versions(name).toReversed()) this.#add(contract);
  }

  get(contract: string, version: number): ContractPlan | undefined {
    const plan = this.#plans.get(contract)?.get(version);
    if (plan) return plan;
    const added = this.#catalog.get(contract, version);
    return added && this.#add(added);
  }

  /** Resolves once the version is known, or `signal` aborts. */
  async whenKnown(contract: string, version: number, signal: AbortSignal): Promise<void> {
    await this.#catalog.whenKnown(contract, version, signal);
  }

  #add(contract: Contract): ContractPlan {
    const { name, version } = contract;
    let series = this.#series.get(name);
    if (!series) {
      series = { name, fields: [], points: new RollupPoints(contract, [], this.#place) };
      this.#series.set(name, series);
    }
    const known = series.fields.length;
    const rolledUp = numericFields(contract).map((field) => ({
      name: field,
      at: placeOf(field, series.fields),
    }));
    if (series.fields.length > known)
      series.points = new RollupPoints(contract, series.fields, this.#place);
    const raw = new RawPoints(contract, this.#place.region);
    const plan = { contract, series, raw, rolledUp };
    const plans = this.#plans.get(name) ?? new Map<number, ContractPlan>();
    this.#plans.set(name, plans.set(version, plan));
    return plan;
  }
}

interface GrowingSeries extends SeriesPlan {
  readonly fields: string[];
  points: RollupPoints;
}

/** Where a field is in the list, at its end if it is new. */
function placeOf(field: string, fields: string[]): number {
  const at = fields.indexOf(field);
  return at === -1 ? fields.push(field) - 1 : at;
}

const numericFields = ({ fields, partitionKey }: Contract): string[] =>
  fields
    .filter(({ type, name }) => (type === "number" || type === "integer") && name !== partitionKey)
    .map(({ name }) => name);
