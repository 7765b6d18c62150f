// Spans of one trace as the rows of a waterfall: parents before children, in the order of their beginnings (pure).

/** @param spans [{ spanId, parentSpanId, name, service, startMs, endMs }]
 *  @returns {{ rows: { span, depth, left, width }[], startMs, endMs }} left and width as shares of the whole. */
export function waterfallOf(spans) {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map();
  for (const span of spans) {
    const parent = ids.has(span.parentSpanId) ? span.parentSpanId : null;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const endMs = Math.max(...spans.map((span) => span.endMs));
  const whole = Math.max(endMs - startMs, 1e-3);
  const rows = [];
  const seen = new Set();
  const place = (span, depth) => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    const left = (span.startMs - startMs) / whole;
    rows.push({ span, depth, left, width: (span.endMs - span.startMs) / whole });
    below(span.spanId, depth + 1);
  };
  const below = (parent, depth) => {
    const found = children.get(parent) ?? [];
    for (const span of found.toSorted((a, b) => a.startMs - b.startMs)) place(span, depth);
  };
  below(null, 0);
  // Spans that are each other's parents are in no tree.
  for (const span of spans) place(span, 0);
  return { rows, startMs, endMs };
}
