// Readings and final rollups appended to a file as JSON lines (records.ts).
//
// F1. Lines are acknowledged once the file is synced. After a crash or a failed write some are there
//     twice, and one may be cut off: of equal ones the last counts, and a reader skips what is no JSON.
// F2. Open rollups are left out: each final of the same window is to come.
// F3. A canary leaves no line: it is acknowledged in its turn, after what was put before it.
// F4. A file is not read back: late readings change no rollup, repeats are not compared, and there are no rollups of
//     hours and days.
import { type FileHandle, open } from "node:fs/promises";
import { Backoff, sleep } from "../../../platform/runtime/backoff.ts";
import { type OptionTable, type Resolved, as } from "../../../platform/runtime/config.ts";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import { GroupCommit } from "../group-commit.ts";
import type { Sink, SinkItem, SinkState, Writer } from "../sink.ts";
import { FileRecords } from "./records.ts";

export const FILE_SINK_OPTIONS = {
  sinkFile: {
    env: "SKERRY_SINK_FILE",
    doc: "with the sink file, required by aggregators: path of the file to append JSON lines to",
    fallback: "",
    parse: as.text,
  },
} satisfies OptionTable;

export function openFileSink(
  { sinkFile }: Resolved<typeof FILE_SINK_OPTIONS>,
  logger: Logger,
): Sink {
  const { env } = FILE_SINK_OPTIONS.sinkFile;
  if (sinkFile === "")
    throw new AppError("CONFIG_INVALID", "fatal", `${env} is required with the sink file`);
  return new FileSink(sinkFile, logger);
}

export class FileSink implements Sink {
  readonly name = "file";
  readonly system = "file";
  readonly repairSource = null;
  readonly longSource = null;
  /** A file refuses no line by itself. */
  readonly refused = 0;
  readonly beyondRetention = 0;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #queue: GroupCommit;
  readonly #backoff = new Backoff({ baseMs: 50, maxMs: 2_000 });
  #status: SinkState = { state: "refusing", detail: "not opened yet", sinceMs: null };
  #answered = false;
  #file: FileHandle | null = null;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    const records = new FileRecords();
    this.#queue = new GroupCommit({
      encode: ({ region, readings, rollups }) => [
        ...readings.map((reading) => records.reading(region, reading)),
        ...rollups
          .filter(({ revision }) => revision !== null) // F2
          .map((rollup) => records.final(region, rollup)),
      ],
      write: async (lines, wanted) => {
        const append = () => this.#append(`${lines.join("\n")}\n`);
        return lines.length === 0 || (await this.#untilDone(append, wanted)) ? [] : null;
      },
    });
  }

  get status(): SinkState {
    return this.#status;
  }

  get answered(): boolean {
    return this.#answered;
  }

  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  get settled(): Promise<void> {
    return this.#queue.settled;
  }

  put(item: SinkItem, writer: Writer): Promise<void> {
    return this.#queue.put(item, writer);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#untilDone(
      () => this.#append(""),
      () => !signal.aborted,
    );
    await this.#queue.run(signal);
    await this.#file?.close();
  }

  async #append(text: string): Promise<void> {
    try {
      if (!this.#file) {
        this.#file = await open(this.#path, "a", 0o600);
        // The next line must not continue a line that was cut off (F1).
        if ((await this.#file.stat()).size > 0) await this.#file.appendFile("\n");
      }
      await this.#file.appendFile(text);
      await this.#file.datasync();
    } catch (error) {
      await this.#file?.close().catch(() => undefined);
      this.#file = null;
      throw error;
    }
  }

  /** Repeats a write until it is durable (true), or no longer wanted. */
  async #untilDone(write: () => Promise<void>, wanted: () => boolean): Promise<boolean> {
    while (wanted()) {
      try {
        await write();
        this.#status = { state: "ok", detail: "", sinceMs: null };
        this.#answered = true;
        this.#backoff.reset();
        return true;
      } catch (error) {
        const detail = messageOf(error);
        if (this.#status.detail !== detail)
          this.#logger.error({ detail }, "the file cannot be written, will retry");
        this.#status = { state: "refusing", detail, sinceMs: this.#status.sinceMs ?? Date.now() };
        await sleep(this.#backoff.next());
      }
    }
    return false;
  }
}
