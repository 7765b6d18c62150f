// Alerting rules: what they are, how engines take them, what a changed one would do.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AlertingStatus } from "../../../contracts/messages/status.ts";
import { type Rule, conditionText, contractsOf, parseRule } from "../../../contracts/rules/rule.ts";
import type { LiveView } from "../../../platform/nats/live/live-view.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { versionFor } from "../../operations/rules/apply.ts";
import { problemOf } from "../../operations/rules/store.ts";
import type { Guard } from "../access/guard.ts";
import { type Who, mayDo } from "../access/who.ts";
import type { Hub } from "../hub.ts";
import type { AlertWatch } from "../live/alert-watch.ts";
import type { RuleShelf, ShelvedRule } from "../rules/rule-shelf.ts";
import type { RuleTrials } from "../rules/rule-trials.ts";
import type { Asker } from "../rules/trial-queue.ts";
import { ALERT } from "./alerts.ts";
import { Problem, invalid, notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import { anything, flag, integer, list, object, oneOf, orNull, record, text } from "./schema.ts";

const RULE_BODY = { type: "object", description: "a rule, docs/reference/rules.md" } as const;
const ID = object({ id: text() });

const ENGINE = object({
  region: text(),
  state: oneOf(["evaluated", "waiting", "disabled", "failing", "unknown"]),
  version: orNull(integer("the version that counts there")),
  detail: text("what it waits for, why it is disabled, how often it failed"),
  counts: orNull(
    object({
      evaluations: integer(
        "readings that it was asked about, since it began or the engine started",
      ),
      pending: integer("keys for which its condition holds, but not yet for long enough"),
      firing: integer("keys whose alert fires"),
      silenced: integer("keys whose alert fires in a maintenance window"),
    }),
  ),
});

const LISTED = object({
  id: text(),
  version: integer(),
  kind: text(),
  source: oneOf(["saved", "file"], "file: of the file that the engines were started with"),
  summary: orNull(text()),
  severity: orNull(text()),
  contracts: list(text()),
  condition: text(),
  open: integer("its alerts that are not resolved"),
  engines: list(ENGINE, "of each region whose engine is heard"),
  rule: anything("the rule itself"),
});

const CHECK = object({
  isValid: flag(),
  problems: list(object({ at: text("JSON pointer"), message: text() })),
  contracts: list(text()),
  condition: text("the condition in one line"),
});

interface Parts {
  readonly hub: Hub;
  readonly rules: RuleShelf;
  readonly trials: RuleTrials;
  readonly alerts: AlertWatch;
  readonly live: LiveView;
  readonly guard: Guard;
}

export const ruleRoutes = (parts: Parts): Route[] => [...savedRoutes(parts), ...trialRoutes(parts)];

function savedRoutes({ rules, alerts, live }: Parts): Route[] {
  const listed = ({ rule, source }: ShelvedRule) => ({
    id: rule.id,
    version: rule.version,
    kind: rule.kind,
    source,
    summary: rule.summary ?? null,
    severity: rule.severity ?? null,
    contracts: contractsOf(rule),
    condition: conditionText(rule),
    open: alerts.find({ rule: rule.id }).filter(({ state }) => state !== "resolved").length,
    engines: enginesOf(live).map((status) => engineOf(status, rule)),
    rule,
  });
  return [
    route({
      method: "GET",
      path: "/rules",
      summary: "Every rule, and how the engine of each region takes it",
      role: "viewer",
      answer: object({
        rules: list(LISTED),
        unreadable: record(text(), "what is saved and is no rule, by its key"),
      }),
      handle: async () => ({
        rules: (await rules.all()).map(listed),
        unreadable: await rules.unreadable(),
      }),
    }),
    route<{ id: string }>({
      method: "GET",
      path: "/rules/:id",
      summary: "One rule",
      role: "viewer",
      params: ID,
      answer: LISTED,
      handle: async ({ params: { id } }) => {
        const found = (await rules.all()).find(({ rule }) => rule.id === id);
        if (!found) throw notFound(`There is no rule "${id}".`);
        return listed(found);
      },
    }),
    route<{ id: string }, unknown, Record<string, unknown>>({
      method: "PUT",
      path: "/rules/:id",
      summary:
        "Save a rule; without a version it gets the next one, and keeps its own if only maintenance windows change",
      role: "operator",
      params: ID,
      body: RULE_BODY,
      answer: LISTED,
      handle: async ({ params: { id }, body }) => {
        const before = (await rules.all()).find(({ rule }) => rule.id === id)?.rule;
        const rule = readRule({ version: versionFor({ ...body, id }, before), ...body, id });
        return listed({ rule: await rules.save(rule), source: "saved" });
      },
    }),
    route<{ id: string }>({
      method: "DELETE",
      path: "/rules/:id",
      summary: "Delete a saved rule; what it raised is resolved",
      role: "operator",
      params: ID,
      answer: null,
      handle: async ({ params: { id } }) => {
        if (!(await rules.saved(id))) throw notFound(`There is no saved rule "${id}".`);
        await rules.delete(id);
      },
    }),
  ];
}

/** Sessions by token have the same name, and are told apart by themselves; programs by where they are. */
function askerOf(guard: Guard, { name, role }: Who, request: FastifyRequest, reply: FastifyReply) {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const id = guard.session(request)?.id ?? `${name} ${request.ip}`;
  return { id, isOperator: mayDo(role, "operator"), signal: gone.signal } satisfies Asker;
}

const trialRoutes = ({ hub, rules, trials, guard }: Parts): Route[] => [
  route<unknown, unknown, Record<string, unknown>>({
    method: "POST",
    path: "/rules/check",
    summary: "Say what is wrong with a rule",
    role: "viewer",
    changesNothing: true,
    body: RULE_BODY,
    answer: CHECK,
    handle: async ({ body }) => Promise.resolve(checked(body, hub)),
  }),
  route<unknown, unknown, { rule: Record<string, unknown>; region: string; minutes: number }>({
    method: "POST",
    path: "/rules/test",
    summary:
      "Run a rule over the last minutes of a region's log: what it would have raised, and what that gains and loses against the one that counts now",
    role: "viewer",
    changesNothing: true,
    body: object(
      {
        rule: RULE_BODY,
        region: oneOf(hub.regions),
        minutes: integer("how far back", { minimum: 1, maximum: 1_440, default: 60 }),
      },
      { optional: ["minutes"] },
    ),
    answer: object({
      alerts: list(ALERT, "every step that it would have raised or resolved"),
      raised: integer("alerts that it would have raised"),
      readings: integer("readings of its contracts that it was run over"),
      late: integer("of them, those that came late and were evaluated apart"),
      against: orNull(integer("version of the rule that counts now; null if it is new")),
      gained: list(ALERT),
      lost: list(ALERT),
    }),
    handle: async ({ body: { rule: written, region, minutes }, who, raw, reply }) => {
      const rule = readRule({ version: 1, ...written });
      const problem = problemOf(rule, hub.catalog);
      if (problem !== null) throw invalid(problem);
      const current = (await rules.all()).find((one) => one.rule.id === rule.id)?.rule ?? null;
      const sinceMs = hub.now() - minutes * 60_000;
      return trials.run({ rule, current, region, sinceMs }, askerOf(guard, who, raw, reply));
    },
  }),
];

function readRule(value: unknown): Rule {
  try {
    return parseRule(value);
  } catch (error) {
    const [problem] = problemsIn(messageOf(error));
    throw new Problem(422, "Not a rule", { detail: messageOf(error), errors: [problem!] });
  }
}

/** A message that begins with the pointer that it is about. */
function problemsIn(message: string): { at: string; message: string }[] {
  const [, at = "", rest = message] = /^(\/\S*) (.*)$/s.exec(message) ?? [];
  return [{ at, message: rest }];
}

function checked(body: Record<string, unknown>, { catalog }: Hub) {
  try {
    const rule = parseRule({ version: 1, ...body });
    const problem = problemOf(rule, catalog);
    const of = { contracts: contractsOf(rule), condition: conditionText(rule) };
    return problem === null
      ? { isValid: true, problems: [], ...of }
      : { isValid: false, problems: problemsIn(problem), ...of };
  } catch (error) {
    return { isValid: false, problems: problemsIn(messageOf(error)), contracts: [], condition: "" };
  }
}

/** The newest word of each region's engine. */
function enginesOf(live: LiveView): AlertingStatus[] {
  const engines = new Map<string, AlertingStatus>();
  for (const { kind, domain, status } of live.processes)
    if (kind === "alerting" && status?.process === "alerting") engines.set(domain, status);
  return [...engines.values()];
}

function engineOf(status: AlertingStatus, { id }: Rule) {
  const { region, rules, rulesWaiting, rulesDisabled, rulesFailing } = status;
  const own = rules.find((rule) => rule.id === id);
  const version = own?.version ?? null;
  const of = { region, version, counts: own?.counts ?? null };
  const waits = rulesWaiting.find((one) => one.includes(`"${id}"`) || one.startsWith(`${id}:`));
  const disabled = rulesDisabled[id];
  const failing = rulesFailing[id];
  if (disabled !== undefined) return { ...of, state: "disabled", detail: disabled };
  if (failing)
    return {
      ...of,
      state: "failing",
      detail: `it could not be evaluated ${failing.readings} times`,
    };
  if (waits !== undefined) return { ...of, state: "waiting", detail: waits };
  return version === null
    ? { ...of, state: "unknown", detail: "the engine does not have it (yet)" }
    : { ...of, state: "evaluated", detail: "" };
}
