/** Bounded, because codes double as metric labels. */
export type ErrorCode =
  | "ADDRESS_IN_USE"
  | "CHANNELS_INVALID"
  | "CONFIG_INVALID"
  | "CONTRACT_INVALID"
  | "DIRECTORY_UNWRITABLE"
  | "FORMAT_NEWER"
  | "INFLUX_REFUSED"
  | "INFLUX_UNAVAILABLE"
  | "LOG_GREW"
  | "LOG_MISCONFIGURED"
  | "NATS_UNAVAILABLE"
  | "POSITION_CONFLICT"
  | "PROCESS_FAILED"
  | "PROGRAM_MISSING"
  | "RECORD_REFUSED"
  | "RESTORE_FAILED"
  | "RULE_INVALID"
  | "STATE_LOST";

/** The next step: `retry` backs off, `reject` dead-letters the message, `fatal` exits. */
export type Disposition = "retry" | "reject" | "fatal";

/** An operating failure: something outside the program went wrong, and the code says what. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly disposition: Disposition;

  constructor(code: ErrorCode, disposition: Disposition, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.disposition = disposition;
  }
}

/** An unclassified error is a bug, and a bug stops the process. */
export const dispositionOf = (error: unknown): Disposition =>
  error instanceof AppError ? error.disposition : "fatal";

/**
 * True for an error that is the fault of the record under way, not of the world around it: another try gives
 * it again. Errors of the operating system, of a store and of the network are none; nor is what stops a process.
 */
export const isOfRecord = (error: unknown): boolean => {
  if (error instanceof AppError) return error.disposition === "reject";
  if (!(error instanceof Error) || error.name === "NatsError") return false;
  return !("syscall" in error || "errcode" in error);
};

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
