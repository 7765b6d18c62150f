import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Contract, ContractError, compileContract } from "./contract.ts";

/** The schemas that ship with Skerry. */
export const SCHEMAS_DIRECTORY = join(import.meta.dirname, "../schemas");

/**
 * All known contracts: several versions of one name live at once. It only ever grows: versions are
 * immutable and never forgotten, so whoever holds a catalog holds its future too.
 */
export class Catalog {
  readonly #versions = new Map<string, readonly Contract[]>();
  readonly #waiting = new Set<() => void>();

  constructor(contracts: readonly Contract[]) {
    for (const contract of contracts) this.add(contract);
  }

  /** Versions of all contracts: it rises with each one that becomes known. */
  get size(): number {
    let size = 0;
    for (const versions of this.#versions.values()) size += versions.length;
    return size;
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

  /** Visible to every reader at once, and to those who wait for it. */
  add(contract: Contract): void {
    const { name, version } = contract;
    if (this.get(name, version)) throw new Error(`contract ${name} v${version} is already known`);
    const versions = [...this.versions(name), contract].sort((a, b) => b.version - a.version);
    this.#versions.set(name, versions);
    for (const tell of this.#waiting) tell();
  }

  /** Resolves to a version as soon as it is known; to null if `signal` aborts first. */
  async whenKnown(name: string, version: number, signal: AbortSignal): Promise<Contract | null> {
    for (;;) {
      const contract = this.get(name, version);
      if (contract) return contract;
      if (signal.aborted) return null;
      await this.#nextAddition(signal);
    }
  }

  #nextAddition(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const tell = (): void => {
        this.#waiting.delete(tell);
        signal.removeEventListener("abort", tell);
        resolve();
      };
      this.#waiting.add(tell);
      signal.addEventListener("abort", tell);
    });
  }
}

/** One version as written by people, before it is compiled. */
export interface SchemaFile {
  readonly name: string;
  readonly version: number;
  readonly schema: object;
  /** The file that it was read from, as messages name it. */
  readonly path: string;
}

/**
 * Compiles every `{directory}/{name}/v{n}.json`.
 * @throws ContractError naming the file at fault.
 */
export const loadCatalog = (directory: string): Catalog =>
  new Catalog(readSchemas(directory).map(compileFile));

/** @throws ContractError naming the file at fault. */
export function compileFile({ name, version, schema, path }: SchemaFile): Contract {
  try {
    return compileContract({ name, version }, schema);
  } catch (cause) {
    throw new ContractError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/**
 * Reads every `{directory}/{name}/v{n}.json`, by name, oldest version first.
 * @throws ContractError naming the file at fault.
 */
export function readSchemas(directory: string): SchemaFile[] {
  const files: SchemaFile[] = [];
  for (const name of readdirSync(directory).sort())
    for (const file of listDirectory(join(directory, name))) {
      const path = join(directory, name, file);
      files.push({ name, version: versionOfFile(path, file), schema: readSchema(path), path });
    }
  return files.sort((a, b) =>
    a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1,
  );
}

/** @throws ContractError for any name but `v{n}.json`. */
export function versionOfFile(path: string, file: string): number {
  const version = /^v([1-9]\d{0,8})\.json$/.exec(file)?.[1];
  if (!version) throw new ContractError(`${path}: a schema file is called v{number}.json`);
  return Number(version);
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (cause) {
    throw new ContractError(`${path}: schemas are in {name}/v{number}.json`, { cause });
  }
}

const readSchema = (path: string): object => parseSchema(path, readFileSync(path, "utf8"));

/** @throws ContractError naming the file at fault. */
export function parseSchema(path: string, text: string): object {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (cause) {
    throw new ContractError(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema))
    throw new ContractError(`${path}: a schema is a JSON object`);
  return schema;
}
