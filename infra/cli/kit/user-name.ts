import { userInfo } from "node:os";

/** The name of whoever runs a command. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // A container, or a test, may run as a user that has no name.
  }
}
