// Replay (pure): the text of a recorded series → rows, and a row → the payload a device sends.
//
// Neither source gives a time zone; both are read as UTC (data/*/README.md says what is known).
import { parse } from "csv-parse/sync";

export type ContractName = "environment" | "machine";

/** One recorded moment: when it was, and what was measured under the contract's field names. */
export interface Row {
  readonly timeMs: number;
  readonly fields: Readonly<Record<string, number>>;
}

export interface RoomRow extends Row {
  readonly fields: Readonly<{
    temperature: number;
    humidity: number;
    light: number;
    co2: number;
    occupancy: number;
  }>;
}

export interface Stamp {
  /** Event time, epoch ms. */
  readonly ts: number;
  readonly seq: number;
}

export type Payload = Readonly<{ ts: number } & Record<string, number>>;

/**
 * Reads a file of the UCI occupancy data. Its rows have a cell more than its header: an unnamed row
 * number. `HumidityRatio` is derived from the others and left out.
 * @throws RangeError naming the line at fault.
 */
export const parseRooms = (csv: string): RoomRow[] =>
  cellsOf(csv, 8).map(([, date, temperature, humidity, light, co2, , occupancy], at) => ({
    timeMs: timeOf(date, at),
    fields: {
      temperature: numberOf(temperature, at),
      humidity: numberOf(humidity, at),
      light: numberOf(light, at),
      co2: numberOf(co2, at),
      occupancy: numberOf(occupancy, at),
    },
  }));

/**
 * Reads NAB's machine temperature series, whose unit is not published. Its order is the file's:
 * twelve timestamps come twice, with other values.
 * @throws RangeError naming the line at fault.
 */
export const parseMachine = (csv: string): Row[] =>
  cellsOf(csv, 2).map(([date, temperature], at) => ({
    timeMs: timeOf(date, at),
    fields: { temperature: numberOf(temperature, at) },
  }));

/** The payload of a device for `row`: `machine` readings are known by their time and carry no sequence. */
export const payloadOf = (contract: ContractName, row: Row, { ts, seq }: Stamp): Payload =>
  contract === "environment" ? { ts, seq, ...row.fields } : { ts, ...row.fields };

function cellsOf(csv: string, width: number): string[][] {
  const rows = parse(csv, { from_line: 2, relax_column_count: true });
  for (const [at, row] of rows.entries())
    if (row.length !== width)
      throw new RangeError(`line ${at + 2} has ${row.length} cells, not ${width}`);
  return rows;
}

const LOCAL_TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

function timeOf(text: string | undefined, at: number): number {
  const timeMs = LOCAL_TIME.test(text ?? "") ? Date.parse(`${text!.replace(" ", "T")}Z`) : NaN;
  if (Number.isNaN(timeMs)) throw new RangeError(`line ${at + 2}: "${text}" is no time`);
  return timeMs;
}

function numberOf(text: string | undefined, at: number): number {
  const value = text === undefined || text === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new RangeError(`line ${at + 2}: "${text}" is no number`);
  return value;
}
