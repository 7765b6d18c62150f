// The mapping table in force: read at the start, and again whenever a file of it has changed.
//
// A1. A table that is wrong is told, and what was in force stays; at the start it stops the process.
// A2. A message is admitted by one table, whole: what is changed counts from the next message on.
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../platform/runtime/logger.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { loadMappingFiles, mappingFiles } from "./load-mappings.ts";
import { Mapper } from "./mapping.ts";

const LOOK_EVERY_MS = 1_000;

export class LiveMappings {
  readonly #path: string;
  readonly #logger: Pick<Logger, "info" | "error">;
  #stamp = "";
  #mapper: Mapper | undefined;
  #ignore: readonly string[] = [];
  #revision = 0;

  /**
   * @param path as of {@link loadMappingFiles}; empty: no table, only the telemetry topic carries readings.
   * @throws AppError `CONFIG_INVALID` naming the file, and every entry and property at fault.
   */
  constructor(path: string, logger: Pick<Logger, "info" | "error">) {
    this.#path = path;
    this.#logger = logger;
    if (path === "") return;
    this.#stamp = stampOf(path);
    this.#load();
  }

  /** Undefined without a table. */
  get mapper(): Mapper | undefined {
    return this.#mapper;
  }

  /** Filters of topics that no telemetry is made of. */
  get ignore(): readonly string[] {
    return this.#ignore;
  }

  /** Grows with every table: what was decided by the one before may be otherwise now. */
  get revision(): number {
    return this.#revision;
  }

  has(topic: string): boolean {
    return this.#mapper?.has(topic) === true;
  }

  /** Looks for changes until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (this.#path !== "" && !signal.aborted) this.look();
    }
  }

  /** Takes up what has changed (A1). */
  look(): void {
    try {
      const stamp = stampOf(this.#path);
      if (stamp === this.#stamp) return;
      this.#stamp = stamp;
      this.#load();
      this.#logger.info({ mappings: this.#path, revision: this.#revision }, "mappings read again");
    } catch (error) {
      const said = messageOf(error);
      if (said === this.#said) return;
      this.#said = said;
      this.#logger.error({ problem: said }, "mappings are wrong: what was in force stays");
    }
  }
  #said = "";

  #load(): void {
    const { table, ignore } = loadMappingFiles(this.#path);
    this.#mapper = new Mapper(table);
    this.#ignore = ignore;
    this.#revision += 1;
    this.#said = "";
  }
}

/** Changes whenever a file does. */
function stampOf(path: string): string {
  return mappingFiles(path)
    .map((file) => {
      const { mtimeMs, size, ino } = statSync(file);
      return `${file} ${mtimeMs} ${size} ${ino}`;
    })
    .join("\n");
}
