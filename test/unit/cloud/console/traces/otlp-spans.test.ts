import fc from "fast-check";
import { expect, test } from "vitest";
import { spansIn } from "../../../../../cloud/console/traces/otlp-spans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const exported = (span: object) => ({
  resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: TRACE, spanId: SPAN, ...span }] }] }],
});

test("a body of any form is read without a fault, and every span in it is of the promised types", () => {
  const named = fc.record(
    {
      traceId: fc.oneof(fc.constant(TRACE), fc.jsonValue()),
      spanId: fc.oneof(fc.constant(SPAN), fc.jsonValue()),
      name: fc.jsonValue(),
      status: fc.jsonValue(),
      startTimeUnixNano: fc.jsonValue(),
      attributes: fc.oneof(
        fc.jsonValue(),
        fc.array(fc.record({ key: fc.jsonValue(), value: fc.jsonValue() })),
      ),
    },
    { requiredKeys: [] },
  );
  const part = fc.oneof(fc.jsonValue(), fc.array(fc.oneof(fc.jsonValue(), named)));
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record({
      resourceSpans: fc.array(fc.record({ scopeSpans: fc.array(fc.record({ spans: part })) })),
    }),
    fc.record({ resourceSpans: part }),
  );
  fc.assert(
    fc.property(body, (value) => {
      for (const [traceId, { name, service, startMs, attributes }] of spansIn(value)) {
        expect([traceId, name, service].every((text) => typeof text === "string")).toBe(true);
        expect(Number.isFinite(startMs)).toBe(true);
        for (const one of Object.values(attributes))
          expect(["string", "number", "boolean"]).toContain(typeof one);
      }
    }),
  );
});

test("a long text is cut", () => {
  const value = { stringValue: "x".repeat(5_000) };
  const [[, span]] = spansIn(
    exported({ name: "n".repeat(5_000), attributes: [{ key: "a", value }] }),
  ) as [ReturnType<typeof spansIn>[number]];
  expect(span.name).toHaveLength(1_025);
  expect(span.attributes["a"]).toHaveLength(1_025);
});
