import { AppError } from "../../../platform/runtime/errors.ts";

/** A refusal in words for whoever typed the command: exit status 1. */
export const refused = (why: string, cause?: unknown): AppError =>
  new AppError("CONFIG_INVALID", "fatal", why, { cause });

/** Options or arguments that do not go together: exit status 2, as for those that commander finds. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
