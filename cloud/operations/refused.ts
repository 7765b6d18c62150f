import { AppError } from "../../platform/runtime/errors.ts";

/** A refusal in words for whoever asked for the operation. */
export const refused = (why: string, cause?: unknown): AppError =>
  new AppError("CONFIG_INVALID", "fatal", why, { cause });
