import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Contract, ContractError, compileContract } from "./contract.ts";

/** The schemas that ship with Skerry. */
export const SCHEMAS_DIRECTORY = join(import.meta.dirname, "schemas");

/** All known contracts: several versions of one name live at once. */
export class Catalog {
  readonly #versions = new Map<string, readonly Contract[]>();

  constructor(contracts: readonly Contract[]) {
    for (const contract of contracts) {
      const versions = [...(this.#versions.get(contract.name) ?? []), contract];
      versions.sort((a, b) => b.version - a.version);
      this.#versions.set(contract.name, versions);
    }
  }

  get names(): string[] {
    return [...this.#versions.keys()].sort();
  }

  /** The versions of a contract, newest first; empty if the name is unknown. */
  versions(name: string): readonly Contract[] {
    return this.#versions.get(name) ?? [];
  }

  get(name: string, version: number): Contract | undefined {
    return this.versions(name).find((contract) => contract.version === version);
  }
}

/**
 * Compiles every `{directory}/{name}/v{n}.json`.
 * @throws ContractError naming the file at fault.
 */
export function loadCatalog(directory: string): Catalog {
  const contracts: Contract[] = [];
  for (const name of readdirSync(directory).sort())
    for (const file of readdirSync(join(directory, name)).sort()) {
      const version = /^v([1-9]\d*)\.json$/.exec(file)?.[1];
      const path = join(directory, name, file);
      if (!version) throw new ContractError(`${path}: a schema file is called v{number}.json`);
      contracts.push(compileContract({ name, version: Number(version) }, readSchema(path)));
    }
  return new Catalog(contracts);
}

function readSchema(path: string): object {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as object;
  } catch (cause) {
    throw new ContractError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
