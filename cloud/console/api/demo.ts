// Demo controls: what `npm start` lets people break and mend. The launcher does it; the console passes it on.
import type { Hub } from "../hub.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { flag, integer, list, object, oneOf, orNull, record, text } from "./schema.ts";

/** The control server of the launcher. */
export interface DemoControl {
  readonly url: string;
  readonly token: string;
}

const ANSWER_WITHIN_MS = 5_000;

const STATE = object({
  wan: record(oneOf(["up", "cut"]), "the link of each region to the hub"),
  processes: list(text(), "names of those that may be killed"),
  devices: list(object({ id: text(), region: text() }), "devices that were added"),
});

async function ask(
  { url, token }: DemoControl,
  method: "GET" | "POST",
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Problem(503, "The launcher does not answer");
  });
  const answer = (await response.json()) as { problem?: string };
  if (!response.ok) throw new Problem(422, "Not done", { detail: answer.problem ?? "" });
  return answer;
}

/** @param control null where the installation is no local one: then there are no such routes. */
export function demoRoutes({ regions }: Hub, control: DemoControl | null): Route[] {
  const region = oneOf(regions);
  const change = (what: string, summary: string, body: Record<string, object>): Route =>
    route<unknown, unknown, Record<string, unknown>>({
      method: "POST",
      path: `/demo/${what}`,
      summary,
      role: "operator",
      body: object(body as Record<string, Record<string, unknown>>),
      answer: STATE,
      handle: async ({ body }) => {
        if (control === null)
          throw new Problem(404, "No demo", { detail: "Only npm start has these controls." });
        return ask(control, "POST", `/${what}`, body);
      },
    });
  return [
    route({
      method: "GET",
      path: "/demo",
      summary: "What a local installation lets people break; null in any other",
      role: "viewer",
      answer: orNull(STATE),
      handle: async () => (control === null ? null : ask(control, "GET", "/")),
    }),
    change("wan", "Cut or heal the link between a region and the hub", { region, cut: flag() }),
    change("process", "Kill a process; it is started again", { name: text() }),
    change("device", "Add a device that sends a reading each second", { region }),
    change("junk", "Send messages that are no readings", {
      region,
      count: integer("messages", { minimum: 1, maximum: 1_000 }),
    }),
  ];
}
