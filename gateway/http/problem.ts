// Requests that are refused as a whole: problem details (RFC 9457).
import { STATUS_CODES } from "node:http";

export const PROBLEM_TYPE = "application/problem+json";

export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  /** Seconds until another try is worth it. */
  readonly retryAfterS: number | null;

  constructor(status: number, detail: string, retryAfterS: number | null = null) {
    super(detail);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }

  get body(): string {
    const title = STATUS_CODES[this.status] ?? "Refused";
    return JSON.stringify({ title, status: this.status, detail: this.message });
  }
}
