// What of a changed rule is saved, and as which version (pure): maintenance windows are no change of a rule.

/** The same text for the same content, in whatever order its keys were written. */
const textOf = (value) =>
  JSON.stringify(value, (_, of) =>
    typeof of === "object" && of !== null && !Array.isArray(of)
      ? Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)))
      : of,
  );

const apart = ({ silences = [], version: _, ...rest }) => ({
  silences: textOf(silences),
  rest: textOf(rest),
});

/**
 * @param rule as it is written now. @param saved the one that counts, or null.
 * @returns {{ rule, change }} `change`: "rule", "silences", or null if nothing is other than before.
 */
export function savingOf(rule, saved) {
  if (saved === null) return { rule: { ...rule, version: 1 }, change: "rule" };
  const [now, before] = [apart(rule), apart(saved)];
  const isOther = now.rest !== before.rest;
  const change = isOther ? "rule" : now.silences !== before.silences ? "silences" : null;
  const version = saved.version + (isOther ? 1 : 0);
  // Who says nothing of windows keeps them: those that were taken out have to be told.
  const silences = rule.silences ?? (saved.silences ? [] : undefined);
  return { rule: { ...rule, version, ...(silences && { silences }) }, change };
}
