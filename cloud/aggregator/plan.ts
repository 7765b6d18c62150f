import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { MINUTE, TEN_SECONDS } from "../../contracts/names/measurements.ts";
import { RawPoints, type RolledField, RollupPoints } from "./point.ts";

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
  readonly fields: readonly RolledField[];
  /** Cover every field there is so far. */
  readonly tenSeconds: RollupPoints;
  readonly minute: RollupPoints;
}

/** The plans of one region; they grow with the catalog, also under open windows. */
export class Plans {
  readonly #catalog: Catalog;
  readonly region: string;
  readonly #series = new Map<string, GrowingSeries>();
  readonly #plans = new Map<string, Map<number, ContractPlan>>();

  constructor(catalog: Catalog, region: string) {
    this.#catalog = catalog;
    this.region = region;
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

  /** For readings that may be of any version of a contract: every field of all of them. */
  ofAllVersions(contract: string): ContractPlan | undefined {
    const newest = this.#catalog.versions(contract)[0];
    const plan = newest && this.get(contract, newest.version);
    return plan && { ...plan, rolledUp: plan.series.fields.map(({ name }, at) => ({ name, at })) };
  }

  #add(contract: Contract): ContractPlan {
    const { name, version } = contract;
    let series = this.#series.get(name);
    if (!series) {
      series = { name, fields: [], ...this.#points(contract, []) };
      this.#series.set(name, series);
    }
    const known = series.fields.length;
    const { fields } = series;
    const rolledUp = numericFields(contract).map((field) => ({
      name: field.name,
      at: placeOf(field, fields),
    }));
    if (fields.length > known) Object.assign(series, this.#points(contract, fields));
    const plan = { contract, series, raw: new RawPoints(contract, this.region), rolledUp };
    const plans = this.#plans.get(name) ?? new Map<number, ContractPlan>();
    this.#plans.set(name, plans.set(version, plan));
    return plan;
  }

  #points(contract: Contract, fields: readonly RolledField[]) {
    const { region } = this;
    return {
      tenSeconds: new RollupPoints(contract, fields, { region, window: TEN_SECONDS }),
      minute: new RollupPoints(contract, fields, { region, window: MINUTE }),
    };
  }
}

interface GrowingSeries extends SeriesPlan {
  readonly fields: RolledField[];
  tenSeconds: RollupPoints;
  minute: RollupPoints;
}

/** Where a field is in the list, at its end if it is new. */
function placeOf({ name, quantiles }: RolledField, fields: RolledField[]): number {
  const at = fields.findIndex((field) => field.name === name);
  return at === -1 ? fields.push({ name, quantiles }) - 1 : at;
}

const numericFields = ({ fields, partitionKey }: Contract): RolledField[] =>
  fields.filter(
    ({ type, name }) => (type === "number" || type === "integer") && name !== partitionKey,
  );
