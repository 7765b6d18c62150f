// What a rule of each kind is asked for in the editor, in the order of the form (pure). The reference is
// docs/reference/rules.md; whether a value is right is the server's to say.

const CONTRACT = { key: "contract", label: "Contract", type: "contract", required: true };
const WHERE = {
  key: "where",
  label: "Only readings for which",
  hint: 'a condition: quantity == "pressure"',
};
const DURATIONS = [
  { key: "for", label: "Holds for", hint: "such as 30s; empty: at once" },
  { key: "clear", label: "Ends when", hint: "empty: when the condition no longer holds" },
  { key: "clearFor", label: "… and that holds for", hint: "such as 1m; empty: at once" },
];
const OVER = { key: "over", label: "Over the last", hint: "such as 15m", required: true };
const RESOLVE = {
  key: "resolveAfter",
  label: "Ends without one for",
  hint: "empty: as long as the window",
};

export const KINDS = {
  threshold: {
    says: "a value of one reading is beyond a limit",
    fields: [
      CONTRACT,
      { key: "when", label: "Fires while", hint: "such as temperature > 95", required: true },
      WHERE,
      ...DURATIONS,
    ],
  },
  aggregate: {
    says: "a statistic of the last while is beyond a limit",
    fields: [
      CONTRACT,
      { key: "value", label: "Value", hint: "such as co2", required: true },
      OVER,
      {
        key: "having",
        label: "Fires while",
        hint: "such as avg > 1000 && count >= 10",
        required: true,
      },
      WHERE,
      ...DURATIONS,
      RESOLVE,
    ],
  },
  rate: {
    says: "a value changes too fast",
    fields: [
      CONTRACT,
      { key: "value", label: "Value", hint: "such as temperature", required: true },
      { key: "per", label: "Change per", hint: "such as 1m", required: true },
      { key: "when", label: "Fires while", hint: "such as rate > 5", required: true },
      {
        key: "over",
        label: "Compared with readings up to",
        hint: "such as 2m old; empty: the one before",
      },
      WHERE,
      ...DURATIONS,
    ],
  },
  frequency: {
    says: "there are too many readings within a while",
    fields: [
      CONTRACT,
      WHERE,
      OVER,
      { key: "moreThan", label: "More than", type: "number", hint: "such as 10", required: true },
      RESOLVE,
    ],
  },
  absence: {
    says: "a device that was there is silent",
    fields: [
      CONTRACT,
      { key: "for", label: "Silent for", hint: "such as 10m", required: true },
      {
        key: "lost",
        label: "Or its connection was lost for",
        hint: "such as 30s; empty: silence alone counts",
      },
      WHERE,
    ],
  },
  sequence: {
    says: "one thing happens after another",
    fields: [
      {
        key: "first",
        label: "First",
        type: "json",
        hint: 'such as {"contract": "environment", "when": "light < 1"}',
        required: true,
      },
      {
        key: "then",
        label: "Then",
        type: "json",
        hint: 'such as {"contract": "environment", "when": "occupancy > 0"}',
        required: true,
      },
      { key: "within", label: "Within", hint: "such as 2m", required: true },
      WHERE,
      RESOLVE,
    ],
  },
  composite: {
    says: "values of several contracts together",
    fields: [
      {
        key: "contracts",
        label: "Contracts by alias",
        type: "json",
        hint: 'such as {"room": "environment", "meter": "energy"}',
        required: true,
      },
      {
        key: "when",
        label: "Fires while",
        hint: "such as room.occupancy == 0 && meter.power > 500",
        required: true,
      },
      { key: "within", label: "No value older than", hint: "such as 10m; empty: no limit" },
      {
        ...WHERE,
        type: "either",
        hint: 'a condition, or one for each alias: {"room": "occupancy > 0"}',
      },
      ...DURATIONS,
    ],
  },
};

/** What rules of every kind may have, after its own. */
export const COMMON = [
  { key: "summary", label: "What the alert says", hint: "empty: the condition" },
  {
    key: "severity",
    label: "Severity",
    type: "choice",
    choices: ["info", "warning", "critical"],
    hint: "",
  },
];
export const SELDOM = [
  { key: "lateAfter", label: "A reading is late after", hint: "such as 1m" },
  {
    key: "by",
    label: "Goes by these tags",
    type: "json",
    hint: "[]: by the device alone; empty: the series",
  },
  {
    key: "silences",
    label: "Maintenance windows",
    type: "json",
    hint: 'such as [{"cron": "0 2 * * 0", "for": "2h"}]',
  },
  {
    key: "commands",
    label: "Commands to devices",
    type: "json",
    hint: 'such as [{"on": "firing", "payload": {"open": true}}]',
  },
];

export const fieldsOf = (kind) => [...KINDS[kind].fields, ...COMMON, ...SELDOM];

/** What the form holds of a rule: text for each key. */
export function formOf(rule) {
  const form = { id: rule.id ?? "", kind: rule.kind ?? "threshold" };
  for (const { key, type } of fieldsOf(form.kind)) {
    const value = rule[key];
    form[key] = value === undefined ? "" : type === "json" ? JSON.stringify(value) : asText(value);
  }
  return form;
}

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** @throws SyntaxError where JSON is meant and this is none. */
function valueOf(text, type) {
  if (type === "number") return Number(text);
  const isJson = type === "json" || (type === "either" && text.startsWith("{"));
  return isJson ? JSON.parse(text) : text;
}

/** The rule that a form means: empty keys are left out, keys of other kinds are dropped.
 *  @returns {{ rule: object, problems: Record<string, string> }} problems of text that is no JSON, by key. */
export function ruleOf(form, version) {
  const rule = { id: form.id.trim(), version, kind: form.kind };
  const problems = {};
  for (const { key, type } of fieldsOf(form.kind)) {
    const text = (form[key] ?? "").trim();
    if (text === "") continue;
    try {
      rule[key] = valueOf(text, type);
    } catch {
      problems[key] = "this is no JSON";
    }
  }
  return { rule, problems };
}

/** The key of the form that a problem is about (`/when must be string`, `when: unknown name …`); null if it names none. */
export function keyOfProblem(problem, kind) {
  const keys = ["id", "kind", ...fieldsOf(kind).map(({ key }) => key)];
  const named = /^\/?([A-Za-z]+)/.exec(problem.trim())?.[1];
  return keys.includes(named) ? named : null;
}
