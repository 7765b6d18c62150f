// Alerts: what fires, what fired, the values around it; acknowledging, and maintenance windows.
import { ALERT_STATES, type Alert, SEVERITIES } from "../../../contracts/messages/alert.ts";
import { alertSubject, alertsStream } from "../../../contracts/names/subjects.ts";
import type { Silence } from "../../../contracts/rules/rule-base.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { acknowledge, firingAlert } from "../../operations/alerts/acknowledge.ts";
import type { WantedSilence } from "../../operations/rules/silences.ts";
import type { Hub } from "../hub.ts";
import type { AlertWatch } from "../live/alert-watch.ts";
import type { RuleShelf } from "../rules/rule-shelf.ts";
import { valuesAround } from "../series/values-around.ts";
import { invalid, notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import {
  flag,
  integer,
  limit,
  list,
  number,
  object,
  oneOf,
  orNull,
  query,
  record,
  text,
  timeMs,
} from "./schema.ts";

export const ALERT = object(
  {
    id: text(),
    rule: text(),
    key: text("what it is about: a device, a room, a series"),
    series: object({ key: text(), tags: record(text()) }),
    region: text("a region, or hub"),
    state: oneOf(ALERT_STATES),
    severity: oneOf(SEVERITIES),
    sinceMs: timeMs("first reading of the condition"),
    atMs: timeMs("the reading that made this step"),
    receivedAtMs: timeMs("when that reading was received"),
    value: number("the value that made this step"),
    message: text(),
    quiet: flag("nobody was told of it"),
    late: flag("it tells what was: its readings arrived too late"),
    marks: text("the alert that stays as it was, because its rule cannot be evaluated"),
    by: text("who acknowledged it"),
    commands: list({ type: "object" }, "commands to devices that it issued"),
    partition: integer(),
    seq: integer("the frame of the log"),
    index: integer("the reading in the frame"),
  },
  { optional: ["series", "quiet", "late", "marks", "by", "commands"] },
);

const NAME = object({ rule: text(), key: text() });

const SILENCE = object(
  { cron: text(), for: text("a duration such as 2h"), timezone: text("IANA name; UTC without it") },
  { optional: ["timezone"] },
);

const SILENCES = object({ rule: text(), version: integer(), silences: list(SILENCE) });

type Silencing = WantedSilence & { readonly rule: string };

interface Parts {
  readonly hub: Hub;
  readonly alerts: AlertWatch;
  readonly rules: RuleShelf;
}

export const alertRoutes = (parts: Parts): Route[] => [
  ...lookingRoutes(parts),
  acknowledgementRoute(parts),
  ...silenceRoutes(parts),
];

const lookingRoutes = ({ hub, alerts, rules }: Parts): Route[] => [
  route<unknown, { state?: string; rule?: string; region?: string; limit: number }>({
    method: "GET",
    path: "/alerts",
    summary: "The last step of each alert, newest first",
    role: "viewer",
    query: query({
      state: text(`${ALERT_STATES.join(", ")}, several separated by commas; without it all`),
      rule: text(),
      region: text(),
      limit: limit(200, 2_000),
    }),
    answer: object({ alerts: list(ALERT), more: integer("alerts beyond the limit") }),
    handle: async ({ query: { state, limit, ...of } }) => {
      const states = state?.split(",");
      const found = alerts.find({ ...of, ...(states ? { states } : {}) });
      const more = Math.max(0, found.length - limit);
      return Promise.resolve({ alerts: found.slice(0, limit), more });
    },
  }),
  route<{ rule: string; key: string }, { region?: string; late: boolean }>({
    method: "GET",
    path: "/alerts/:rule/:key",
    summary: "The history of one alert, and the values around the reading that raised it",
    role: "viewer",
    params: NAME,
    query: query({
      region: text("needed where several regions have it"),
      late: flag("the late one of that name"),
    }),
    answer: object({
      alert: ALERT,
      history: list(ALERT, "its steps, oldest first, as far as they are kept"),
      values: orNull(
        object({
          contract: text(),
          field: text(),
          unit: orNull(text("UCUM code")),
          limits: list(number(), "numbers that the condition compares with"),
          points: list(object({ tMs: timeMs("of the reading"), value: number() })),
        }),
      ),
    }),
    handle: async ({ params, query }) => {
      const alert = alerts
        .find(query.region === undefined ? params : { rule: params.rule, region: query.region })
        .find(({ key, late }) => key === params.key && (late === true) === (query.late ?? false));
      if (!alert) throw notFound(`There is no alert of ${params.rule} about ${params.key}.`);
      const rule = (await rules.all()).find(({ rule }) => rule.id === alert.rule)?.rule ?? null;
      return {
        alert,
        history: await historyOf(hub, alert),
        values: rule && (await valuesAround(hub, rule, alert)),
      };
    },
  }),
];

const acknowledgementRoute = ({ hub }: Parts): Route =>
  route<{ rule: string; key: string }, unknown, { id: string }>({
    method: "POST",
    path: "/alerts/:rule/:key/acknowledgement",
    summary: "Say that you have seen a firing alert",
    role: "operator",
    params: NAME,
    body: object({ id: text("the alert's id, so that it is no later one") }),
    answer: object({
      rule: text(),
      key: text(),
      id: text(),
      by: text(),
      atMs: timeMs("when"),
    }),
    handle: async ({ params, body, who }) => {
      const alert = await firingAlert(hub.connection, body.id);
      if (alert.rule !== params.rule || alert.key !== params.key)
        throw invalid("The alert of this id is another one.");
      return acknowledge(hub.connection, alert, who.name);
    },
  });

const silenceRoutes = ({ hub, rules }: Parts): Route[] => [
  route<unknown, unknown, Silencing>({
    method: "POST",
    path: "/silences",
    summary:
      "Add a maintenance window to a saved rule, from now on or by a cron expression; its version stays, and what fires already goes on",
    role: "operator",
    body: object(
      {
        rule: text("id of a saved rule"),
        cron: text("begins at each of these times; without it once, now"),
        for: text("a duration such as 2h"),
        timezone: text("IANA name; UTC without it"),
      },
      { optional: ["cron", "timezone"] },
    ),
    answer: SILENCES,
    status: 201,
    handle: async ({ body: { rule: id, ...silence } }) => {
      await checkSaved(rules, id);
      return silenced(await rules.addSilence(id, silence, hub.now()));
    },
  }),
  route<unknown, Silence & { rule: string }>({
    method: "DELETE",
    path: "/silences",
    summary:
      "Take a maintenance window out of a saved rule; what it kept silent fires, if it holds",
    role: "operator",
    query: object(
      { rule: text("id of a saved rule"), cron: text(), for: text(), timezone: text() },
      { optional: ["timezone"] },
    ),
    answer: SILENCES,
    handle: async ({ query: { rule: id, ...silence } }) => {
      await checkSaved(rules, id);
      return silenced(await rules.takeOutSilence(id, silence));
    },
  }),
];

/** @throws Problem 404 unless it is saved at the hub. */
async function checkSaved(rules: RuleShelf, id: string): Promise<void> {
  if (await rules.saved(id)) return;
  const isOfFile = (await rules.all()).some(({ rule }) => rule.id === id);
  throw notFound(
    isOfFile
      ? `Rule "${id}" is of the file that the engines were started with. Save it here first (Change, then Save), or put the window in that file.`
      : `There is no saved rule "${id}".`,
  );
}

const silenced = ({ id, version, silences = [] }: Rule) => ({ rule: id, version, silences });

async function historyOf({ connection }: Hub, of: Alert): Promise<Alert[]> {
  const { region, rule, key, late } = of;
  const stream = alertsStream(region);
  const subject = alertSubject({ region, rule, key, ...(late ? { late } : {}) });
  const newest = await new Streams(connection).newest(stream, subject);
  const history: Alert[] = [];
  if (!newest) return history;
  for await (const { data } of readStored(connection, { stream, subject, from: 1 }, newest.seq))
    history.push(jsonOf<Alert>(data));
  return history;
}
