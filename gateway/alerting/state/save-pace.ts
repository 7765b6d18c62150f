// The pace at which lanes save what their rules know (pure). While a copy is made nothing is evaluated,
// and writing it takes from the same cores and the same disk as the readings; a replay after a kill is as
// long as the pause was. Measured: with a copy of all four lanes at the same moment of every second, 15 ms
// each, alerts waited 60 to 80 ms.
//
// D1. Copies of all lanes together take about one part in COPYING_SHARE of the time, and have about
//     BYTES_PER_SECOND. (Those that a changed rule asks for come on top.) Where lanes need not wait longer than
//     SHORT_PAUSE_MS for it they take one part in SHORT_SHARE: less than the last hundredth of alerts, so that these
//     are not the ones that waited for a copy.
// D2. Each lane has an offset within the second of its own, so that under load no alert waits for the
//     copies of all lanes. Nobody is refused: where frames of all lanes come together they are copied
//     together, but then they come seldom.
const SECOND_MS = 1_000;
const COPYING_SHARE = 50;
const SHORT_SHARE = 250;
const SHORT_PAUSE_MS = 5_000;
/** An alert that waits for a shorter copy is no later than others. */
const FELT_MS = 1;
const BYTES_PER_SECOND = 4 * 1024 ** 2;

/**
 * @param lane its number among `lanes`. @param of the copy that was made: when, monotonic, how long it
 *   took and what it has.
 * @returns when the next one is due.
 */
export function nextCopyMs(
  { lane, lanes }: { readonly lane: number; readonly lanes: number },
  of: { readonly beganMs: number; readonly tookMs: number; readonly bytes: number },
): number {
  const writingMs = (of.bytes / BYTES_PER_SECOND) * SECOND_MS;
  const isFelt = of.tookMs >= FELT_MS;
  const shortMs = isFelt ? Math.min(of.tookMs * SHORT_SHARE * lanes, SHORT_PAUSE_MS) : 0;
  const pauseMs = Math.max(of.tookMs * COPYING_SHARE * lanes, shortMs, writingMs * lanes); // D1
  const offsetMs = ((lane % lanes) / lanes) * SECOND_MS;
  // A copy may have been late for its own offset; D2.
  const afterMs = of.beganMs + Math.max(pauseMs, SECOND_MS / 2);
  return Math.ceil((afterMs - offsetMs) / SECOND_MS) * SECOND_MS + offsetMs;
}
