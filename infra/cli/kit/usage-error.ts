/** Options or arguments that do not go together: exit status 2, as for those that commander finds. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
