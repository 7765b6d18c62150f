// Commands from the cloud (or an alert's actions) to devices, and what devices answer.
import { Ajv } from "ajv";
import { deviceIdProblem } from "../device.ts";
import { nameProblem } from "../names/text.ts";
import { formatProblem } from "./format.ts";

/** Stream `COMMANDS` keeps a command this long; none waits longer for its device. */
export const COMMANDS_KEPT_MS = 30 * 86_400_000;
/** A reply outlives its command, so that an answered command stays answered. */
export const REPLIES_KEPT_MS = COMMANDS_KEPT_MS + 86_400_000;
export const COMMAND_ID_BYTES_MAX = 160;
/** Bytes of the payload as JSON that any device's MQTT client takes. */
export const COMMAND_PAYLOAD_BYTES_MAX = 64 * 1024;

/** As stored on `commands.{device}.{id}`, once; the id is unique for the device. */
export interface Command {
  readonly id: string;
  readonly device: string;
  /** Any JSON: the body of the MQTT message. */
  readonly payload: unknown;
  /** Epoch ms. */
  readonly issuedAtMs: number;
  /** Epoch ms; from then on no device gets it. */
  readonly expiresAtMs: number;
  /** The person or rule that issued it. */
  readonly by: string;
}

/** The answer of a device, as stored on `replies.{region}.{device}.{id}` before its PUBACK. */
export interface Reply {
  readonly id: string;
  readonly device: string;
  readonly region: string;
  /** The time at which the gateway received it, epoch ms. */
  readonly receivedAtMs: number;
  /** The bytes as received, base64: a device may answer with anything. */
  readonly payload: string;
}

/** `delivered`: its device answered, however late; nothing else shows that it arrived. */
export type CommandState = "queued" | "delivered" | "expired";

export function commandState(
  { expiresAtMs }: Pick<Command, "expiresAtMs">,
  reply: Reply | null,
  nowMs: number,
): CommandState {
  if (reply) return "delivered";
  return expiresAtMs <= nowMs ? "expired" : "queued";
}

export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The fault of a command's id, or null. An id is a topic level. */
export function commandIdProblem(id: string): string | null {
  const problem = nameProblem(id, COMMAND_ID_BYTES_MAX);
  if (problem !== null) return `the id ${problem}`;
  if (/[/+#]/.test(id)) return "the id holds / or + or #";
  return /\p{C}/u.test(id) ? "the id holds characters that nobody sees" : null;
}

const validate = new Ajv({ strict: true }).compile<Command>({
  type: "object",
  required: ["id", "device", "payload", "issuedAtMs", "expiresAtMs", "by"],
  properties: {
    id: { type: "string" },
    device: { type: "string" },
    payload: {},
    issuedAtMs: { type: "integer", minimum: 0 },
    expiresAtMs: { type: "integer", minimum: 0 },
    by: { type: "string" },
  },
});

/** The fault of a command's address or payload, or null. */
export function commandProblem(of: Pick<Command, "id" | "device" | "payload">): string | null {
  const device = deviceIdProblem(of.device);
  if (device !== null) return `device: ${device}`;
  const bytes = Buffer.byteLength(JSON.stringify(of.payload) ?? "");
  if (bytes === 0) return "the payload is no JSON";
  return (
    commandIdProblem(of.id) ??
    (bytes > COMMAND_PAYLOAD_BYTES_MAX
      ? `the payload has ${bytes} bytes; at most ${COMMAND_PAYLOAD_BYTES_MAX} fit`
      : null)
  );
}

/**
 * Checks a command as read from the stream or about to be written.
 * @throws CommandError naming what is wrong.
 */
export function checkCommand(value: unknown): Command {
  const newer = formatProblem("command", value);
  if (newer !== null) throw new CommandError(newer);
  if (!validate(value)) {
    const error = validate.errors?.[0];
    throw new CommandError(`${error?.instancePath ?? ""} ${error?.message ?? "is invalid"}`.trim());
  }
  const problem = commandProblem(value);
  if (problem !== null) throw new CommandError(problem);
  return value;
}
