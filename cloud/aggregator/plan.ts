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
  /** Numeric fields of any version, oldest version first. */
  readonly fields: readonly string[];
  readonly points: RollupPoints;
}

/** The plans of one region. */
export class Plans {
  readonly #plans = new Map<string, Map<number, ContractPlan>>();

  constructor(catalog: Catalog, place: RollupPlace) {
    for (const name of catalog.names) {
      const versions = catalog.versions(name);
      const fields = [...new Set(versions.toReversed().flatMap(numericFields))];
      const [newest] = versions;
      const series = { name, fields, points: new RollupPoints(newest!, fields, place) };
      const plans = versions.map((contract): [number, ContractPlan] => [
        contract.version,
        {
          contract,
          series,
          raw: new RawPoints(contract, place.region),
          rolledUp: numericFields(contract).map((field) => ({
            name: field,
            at: fields.indexOf(field),
          })),
        },
      ]);
      this.#plans.set(name, new Map(plans));
    }
  }

  get(contract: string, version: number): ContractPlan | undefined {
    return this.#plans.get(contract)?.get(version);
  }
}

const numericFields = ({ fields, partitionKey }: Contract): string[] =>
  fields
    .filter(({ type, name }) => (type === "number" || type === "integer") && name !== partitionKey)
    .map(({ name }) => name);
