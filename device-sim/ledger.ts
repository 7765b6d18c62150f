// The ledger: what devices saw acknowledged, one JSON line per reading. The final report compares it
// with InfluxDB, reading by reading.
//
// L1. A line is written only for a PUBACK that says stored; what is refused is not in the ledger.
// L2. Lines are only appended. A line torn by kill -9 is cut off when the next process opens the
//     file, and is skipped by a reader until then: it may be missing here, never misread.
// L3. `add` only gathers; the owner calls `flush` at least every 100 ms. So what is gathered is
//     bounded by what can be acknowledged meanwhile: devices × their in-flight bound.
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, messageOf } from "../platform/runtime/errors.ts";
import { makePrivateDirectory, makePrivateFile } from "../platform/runtime/private-files.ts";

/**
 * One acknowledged reading. A device that re-sends after a lost PUBACK, or a simulator that replays
 * kept times again after a restart, may write the same reading twice: the same reading is the same
 * region, device, contract, identity and hash.
 */
export interface LedgerEntry {
  readonly region: string;
  readonly device: string;
  readonly contract: string;
  /** The sequence number, or `ts` where the contract's identity is `time`. */
  readonly identity: number;
  /** The slot under its millisecond that it asks for. */
  readonly slot: number;
  /** Event time, epoch ms. */
  readonly ts: number;
  /** `contentHash` of the payload. */
  readonly hash: string;
  /** The time at which the device made the reading, epoch ms. */
  readonly sentMs: number;
  /** The time at which its PUBACK arrived, epoch ms. */
  readonly ackedMs: number;
}

export class LedgerError extends Error {
  override readonly name = "LedgerError";
}

const NEWLINE = 0x0a;
const TAIL_BYTES = 64 * 1024;

export class Ledger implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  #lines = "";

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * Opens or creates the file, with its directory, for appending.
   * @throws AppError `DIRECTORY_UNWRITABLE`.
   */
  static open(path: string): Ledger {
    return orUnwritable(path, () => {
      makePrivateDirectory(dirname(path));
      makePrivateFile(path);
      const fd = openSync(path, "a+");
      ftruncateSync(fd, wholeLinesBytes(fd));
      return new Ledger(path, fd);
    });
  }

  add(entry: LedgerEntry): void {
    this.#lines += `${JSON.stringify(entry)}\n`;
  }

  /** Hands what was gathered to the operating system, where it survives the death of this process. */
  flush(): void {
    if (this.#lines === "") return;
    const bytes = Buffer.from(this.#lines, "utf8");
    orUnwritable(this.#path, () => {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    });
    this.#lines = "";
  }

  [Symbol.dispose](): void {
    this.flush();
    closeSync(this.#fd);
  }
}

/**
 * The entries of a ledger in the order of their PUBACKs. A torn last line is left out (L2).
 * @throws LedgerError naming any other line that is not JSON; ENOENT if there is no such file.
 */
export async function* readLedger(path: string): AsyncGenerator<LedgerEntry> {
  await using file = await open(path);
  let number = 0;
  let torn: number | null = null;
  for await (const line of file.readLines({ autoClose: false })) {
    number += 1;
    if (torn !== null) throw new LedgerError(`${path}: line ${torn} is not JSON`);
    const entry = parseLine(line);
    if (entry) yield entry;
    else torn = number;
  }
}

function parseLine(line: string): LedgerEntry | null {
  try {
    return JSON.parse(line) as LedgerEntry;
  } catch {
    return null;
  }
}

/** The number of bytes of the file that are whole lines, looking back from its end. */
function wholeLinesBytes(fd: number): number {
  const tail = Buffer.alloc(TAIL_BYTES);
  let end = fstatSync(fd).size;
  while (end > 0) {
    const from = Math.max(0, end - TAIL_BYTES);
    const newline = tail.subarray(0, readSync(fd, tail, 0, end - from, from)).lastIndexOf(NEWLINE);
    if (newline >= 0) return from + newline + 1;
    end = from;
  }
  return 0;
}

function orUnwritable<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    const message = `the ledger ${path} cannot be written: ${messageOf(cause)}`;
    throw new AppError("DIRECTORY_UNWRITABLE", "fatal", message, { cause });
  }
}
