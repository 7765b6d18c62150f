import { expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { RULE_KINDS } from "../../../../../../contracts/rules/kinds/table.ts";
import { parseRules, type Rule } from "../../../../../../contracts/rules/rule.ts";

interface Field {
  key: string;
  required?: boolean;
}
type Form = Record<string, string>;
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/rules/kinds.js";
const { KINDS, formOf, ruleOf, keyOfProblem } = (await import(path)) as {
  KINDS: Record<string, { fields: Field[] }>;
  formOf: (rule: Partial<Rule>) => Form;
  ruleOf: (form: Form, version: number) => { rule: unknown; problems: Record<string, string> };
  keyOfProblem: (problem: string, kind: string) => string | null;
};

const EXAMPLES = parseRules(
  JSON.parse(
    readFileSync(new URL("../../../../../../infra/examples/rules.json", import.meta.url), "utf8"),
  ),
);

test("the form asks for every property of every kind, and says which are needed", () => {
  expect(Object.keys(KINDS).sort()).toEqual(Object.keys(RULE_KINDS).sort());
  for (const [kind, { properties, required }] of Object.entries(RULE_KINDS)) {
    const asked = KINDS[kind]!.fields;
    const keys = [...new Set([...Object.keys(properties), "where"])];
    expect(asked.map(({ key }) => key).sort()).toEqual(keys.sort());
    const needed = asked.filter((field) => field.required).map(({ key }) => key);
    expect(needed.sort()).toEqual([...required].sort());
  }
});

test("a rule of each kind comes out of the form as it went in", () => {
  for (const rule of EXAMPLES)
    expect(ruleOf(formOf(rule), rule.version)).toEqual({ rule, problems: {} });
});

test("what is no JSON is said at its field, and fields of another kind are left out", () => {
  const form = { id: " a ", kind: "sequence", first: "{", within: "2m", when: "temperature > 1" };
  expect(ruleOf(form, 1)).toEqual({
    rule: { id: "a", version: 1, kind: "sequence", within: "2m" },
    problems: { first: "this is no JSON" },
  });
});

test("a problem is shown at the field that it names, if it names one", () => {
  expect(keyOfProblem("/when must be string", "threshold")).toBe("when");
  expect(keyOfProblem("/id must match format", "threshold")).toBe("id");
  expect(keyOfProblem("/having must be string", "threshold")).toBeNull();
  expect(keyOfProblem("there is no such contract", "threshold")).toBeNull();
});
