// A list of devices as a spreadsheet writes it (pure).
import { parse } from "csv-parse/sync";
import {
  DEVICE_ROLES,
  type DeviceRole,
  SPEAKS_FOR_MAX,
  certificateFingerprint,
  deviceIdProblem,
  speaksForProblem,
} from "../../../contracts/device.ts";
import { csvCell, textOfCell } from "../csv-cell.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";

export interface DeviceRow {
  readonly line: number;
  readonly id: string;
  readonly role: DeviceRole;
  /** Absent: one is to be generated. */
  readonly secret: string | undefined;
  /** The devices that a bridge speaks for, if it names any. */
  readonly speaksFor: readonly string[] | undefined;
  /** That of its certificate, with which it logs in instead of a secret. */
  readonly fingerprint: string | undefined;
}

const COLUMNS = ["id", "role", "secret", "fingerprint", "speaks_for"];
/** Between the devices in one field. */
const BETWEEN = ";";

/** All rows, and every problem with its line; rows are worth using only if there is no problem. */
export function parseDeviceRows(
  text: string,
  secretCharsMin: number,
): { rows: DeviceRow[]; problems: string[] } {
  const problems: string[] = [];
  const rows: DeviceRow[] = [];
  const lineOf = new Map<string, number>();
  for (const { line, fields } of readFields(text, problems)) {
    const id = fields["id"] ?? "";
    const role = DEVICE_ROLES.find((known) => known === (fields["role"] || "device"));
    const secret = fields["secret"] || undefined;
    const speaksFor = fields["speaks_for"]?.split(BETWEEN).map((pattern) => pattern.trim());
    const named = speaksFor?.filter((pattern) => pattern !== "");
    const fingerprint = fields["fingerprint"] ? readFingerprint(fields["fingerprint"]) : undefined;
    const found = [
      deviceIdProblem(id),
      role ? null : `the role "${fields["role"]}" is none of ${DEVICE_ROLES.join(", ")}`,
      secret !== undefined && secret.length < secretCharsMin
        ? `the secret is shorter than ${secretCharsMin} characters`
        : null,
      fingerprint instanceof Error ? messageOf(fingerprint) : null,
      secret !== undefined && fingerprint !== undefined
        ? "there are a secret and a fingerprint: one of them"
        : null,
      lineOf.has(id) ? `"${id}" is on line ${lineOf.get(id)} already` : null,
      ...(named ?? []).map(speaksForProblem),
      (named?.length ?? 0) > 0 && role && role !== "bridge"
        ? `speaks_for is for bridges, and the role is ${role}`
        : null,
      (named?.length ?? 0) > SPEAKS_FOR_MAX
        ? `speaks_for names more than ${SPEAKS_FOR_MAX} devices: use patterns such as room-*`
        : null,
      fields["surplus"] ? "there are more fields than columns" : null,
    ].filter((problem) => problem !== null);
    lineOf.set(id, line);
    for (const problem of found) problems.push(`line ${line}: ${problem}`);
    if (role && found.length === 0 && !(fingerprint instanceof Error))
      rows.push({
        line,
        id,
        role,
        secret,
        fingerprint,
        speaksFor: named?.length ? named : undefined,
      });
  }
  return { rows, problems };
}

function readFingerprint(text: string): string | Error {
  try {
    return certificateFingerprint(text);
  } catch (error) {
    return error as Error;
  }
}

interface Fields {
  line: number;
  fields: Record<string, string | undefined>;
}

function readFields(text: string, problems: string[]): Fields[] {
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      info: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
    }) as unknown as typeof records;
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return [];
  }
  const [header, ...rest] = records;
  const columns = header?.record ?? [];
  const unknown = columns.filter((column) => !COLUMNS.includes(column));
  if (!columns.includes("id") || unknown.length > 0 || new Set(columns).size < columns.length) {
    problems.push(
      `line 1: the columns are id, role, secret, fingerprint and speaks_for, not "${columns.join(",")}"`,
    );
    return [];
  }
  return rest.map(({ record, info }) => ({
    line: info.lines,
    fields: {
      ...Object.fromEntries(columns.map((column, at) => [column, textOfCell(record[at] ?? "")])),
      ...(record.length > columns.length ? { surplus: "yes" } : {}),
    },
  }));
}

/** `id,secret` lines for whoever puts the secrets onto the devices. */
export function secretsCsv(secrets: readonly { id: string; secret: string }[]): string {
  const lines = secrets.map(({ id, secret }) => `${csvCell(id)},${csvCell(secret)}`);
  return ["id,secret", ...lines, ""].join("\n");
}
