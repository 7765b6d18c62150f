// The layout of a contract: its stored properties, its series and the fields that are rolled up. It is
// prepared once and used for every reading.
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { seriesTag } from "../../contracts/names/measurements.ts";
import {
  type RolledField,
  type RollupSeries,
  type StoredProperties,
  storedProperties,
} from "../sinks/effects.ts";

/** The layout of one contract version. */
export interface ContractLayout {
  readonly contract: Contract;
  readonly stored: StoredProperties;
  readonly series: RollupSeries;
  /** Names of the tags that tell apart the series of one key, in their order. */
  readonly seriesTags: readonly string[];
  /** Numeric fields of this version and their place in `series.fields`. */
  readonly rolledUp: readonly { readonly name: string; readonly at: number }[];
}

/** The layouts of one region; they grow with the catalog, also under open windows. */
export class ContractLayouts {
  readonly #catalog: Catalog;
  readonly region: string;
  readonly #series = new Map<string, GrowingSeries>();
  readonly #layouts = new Map<string, Map<number, ContractLayout>>();

  constructor(catalog: Catalog, region: string) {
    this.#catalog = catalog;
    this.region = region;
    for (const name of catalog.names)
      for (const contract of catalog.versions(name).toReversed()) this.#add(contract);
  }

  get(contract: string, version: number): ContractLayout | undefined {
    const layout = this.#layouts.get(contract)?.get(version);
    if (layout) return layout;
    const added = this.#catalog.get(contract, version);
    return added && this.#add(added);
  }

  /** Resolves once the version is known: to its contract, or to null if `signal` aborts first. */
  whenKnown(contract: string, version: number, signal: AbortSignal): Promise<Contract | null> {
    return this.#catalog.whenKnown(contract, version, signal);
  }

  /** A layout of all versions for every contract that is known. */
  get all(): ContractLayout[] {
    return this.#catalog.names.flatMap((name) => this.ofAllVersions(name) ?? []);
  }

  /** A layout for readings that may be of any version of a contract: it has every field and tag of all. */
  ofAllVersions(contract: string): ContractLayout | undefined {
    const versions = this.#catalog.versions(contract);
    const layout = versions[0] && this.get(contract, versions[0].version);
    if (!layout) return undefined;
    const rolledUp = layout.series.fields.map(({ name }, at) => ({ name, at }));
    const seriesTags = new Set(versions.flatMap((version) => version.seriesTags));
    return { ...layout, rolledUp, seriesTags: [...seriesTags].sort() };
  }

  #add(contract: Contract): ContractLayout {
    const { name, version, seriesTags } = contract;
    let series = this.#series.get(name);
    if (!series) this.#series.set(name, (series = { name, tag: seriesTag(contract), fields: [] }));
    const { fields } = series;
    const rolledUp = numericFields(contract).map((field) => ({
      name: field.name,
      at: placeOf(field, fields),
    }));
    const layout = { contract, series, seriesTags, stored: storedProperties(contract), rolledUp };
    const layouts = this.#layouts.get(name) ?? new Map<number, ContractLayout>();
    this.#layouts.set(name, layouts.set(version, layout));
    return layout;
  }
}

interface GrowingSeries extends RollupSeries {
  readonly fields: RolledField[];
}

/** The place of a field in the list: at its end if it is new. */
function placeOf({ name, quantiles }: RolledField, fields: RolledField[]): number {
  const at = fields.findIndex((field) => field.name === name);
  return at === -1 ? fields.push({ name, quantiles }) - 1 : at;
}

const numericFields = ({ fields, partitionKey }: Contract): RolledField[] =>
  fields.filter(
    ({ type, name }) => (type === "number" || type === "integer") && name !== partitionKey,
  );
