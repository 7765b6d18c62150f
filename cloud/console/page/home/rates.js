// Rates from the counts of the last seconds, region by region.
import { onEvent } from "../shell/feed.js";

/** Long enough for what is counted once a second, and shorter than it takes to be told as standing. */
const KEPT = 7;

const history = [];

onEvent("overview", (overview) => {
  history.push(overview);
  if (history.length > KEPT) history.shift();
});

/** Growth per second of a count of an overview; null until two are known, or after a restart set the count back. */
function growth(countOf) {
  const known = history.flatMap((overview) => {
    const value = countOf(overview);
    return typeof value === "number" ? [{ atMs: overview.atMs, value }] : [];
  });
  const first = known[0];
  const last = known.at(-1);
  if (!first || last.atMs - first.atMs < 900 || last.value < first.value) return null;
  return (last.value - first.value) / ((last.atMs - first.atMs) / 1000);
}

const regionOf = ({ regions }, name) => regions.find(({ region }) => region === name);

const sumOfLedger = ({ ledger }, name, term) =>
  ledger?.rows.filter(({ region }) => region === name).reduce((sum, row) => sum + row[term], 0);

/** What flows through a region's path, per second: readings admitted and stored, frames over the WAN. */
export const flowOf = (name) => ({
  admitted: growth((overview) => regionOf(overview, name)?.readingsStored),
  copied: growth(
    (overview) => (regionOf(overview, name)?.copy ?? regionOf(overview, name)?.hubCopy)?.lastSeq,
  ),
  stored: growth((overview) => sumOfLedger(overview, name, "stored")),
});
