// The channels of a notifier, as a JSON file describes them (pure).
import { Ajv } from "ajv";
import { type Alert, SEVERITIES, type Severity } from "../../contracts/messages/alert.ts";
import { as } from "../../platform/runtime/config.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { WEBHOOK_FORMATS, type WebhookFormat } from "./webhook-body.ts";

interface ChannelBase {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** Only alerts of these; absent: of all. */
  readonly rules?: readonly string[];
  readonly severities?: readonly Severity[];
  readonly regions?: readonly string[];
  /** Time in which alerts are gathered for one message of a rule and state; 0: a message for each. */
  readonly groupMs: number;
  readonly ratePerMinute: number;
  /** A message that its channel does not take for this long becomes a dead letter. */
  readonly giveUpAfterMs: number;
}

export interface EmailChannelSpec extends ChannelBase {
  readonly kind: "email";
  readonly from: string;
  readonly to: readonly string[];
}

export interface WebhookChannelSpec extends ChannelBase {
  readonly kind: "webhook";
  readonly url: string;
  readonly format: WebhookFormat;
  /** Signs what is posted in format json. */
  readonly secret?: string;
}

export type ChannelSpec = EmailChannelSpec | WebhookChannelSpec;

interface Written {
  name: string;
  kind: "email" | "webhook";
  url?: string;
  secret?: string;
  format?: WebhookFormat;
  group?: string;
  ratePerMinute?: number;
  giveUpAfter?: string;
}

type SecretOf = (name: string) => string | undefined;

const text = { type: "string", minLength: 1 };
const texts = { type: "array", minItems: 1, items: text };
const common = {
  name: { type: "string", pattern: "^[a-z0-9][a-z0-9-]{0,31}$" },
  kind: { enum: ["email", "webhook"] },
  rules: texts,
  severities: { type: "array", minItems: 1, items: { enum: SEVERITIES } },
  regions: texts,
  group: { type: "string" },
  ratePerMinute: { type: "number", exclusiveMinimum: 0, maximum: 60_000 },
  giveUpAfter: { type: "string" },
};
const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const VALIDATORS = {
  email: ajv.compile({
    type: "object",
    additionalProperties: false,
    required: ["name", "kind", "from", "to"],
    properties: { ...common, from: text, to: texts },
  }),
  webhook: ajv.compile({
    type: "object",
    additionalProperties: false,
    required: ["name", "kind", "url", "format"],
    properties: { ...common, url: text, format: { enum: WEBHOOK_FORMATS }, secret: text },
  }),
};

/**
 * @param file names itself in errors.
 * @param secretOf what a variable, or the file of its sister, holds: for `url` and `secret` written as `"$NAME"`.
 * @throws AppError `CHANNELS_INVALID` naming file, channel and property.
 */
export function parseChannels(json: string, file: string, secretOf: SecretOf): ChannelSpec[] {
  const failed = (why: string): AppError =>
    new AppError("CHANNELS_INVALID", "fatal", `${file}: ${why}`);
  let written: unknown;
  try {
    written = JSON.parse(json);
  } catch (error) {
    throw failed(messageOf(error));
  }
  if (!Array.isArray(written) || written.length === 0)
    throw failed("must be a JSON array of channels, at least one");
  const names = new Set<string>();
  return (written as unknown[]).map((one, at) => {
    const label = `channel ${nameOf(one) ?? at}`;
    try {
      const spec = parseChannel(one, secretOf);
      if (names.has(spec.name)) throw new Error("/name is used twice");
      names.add(spec.name);
      return spec;
    } catch (error) {
      throw failed(`${label}: ${messageOf(error)}`);
    }
  });
}

const nameOf = (value: unknown): string | null => {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === "string" ? `"${name}"` : null;
};

function parseChannel(value: unknown, secretOf: SecretOf): ChannelSpec {
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (kind !== "email" && kind !== "webhook") throw new Error('/kind must be "email" or "webhook"');
  const validate = VALIDATORS[kind];
  if (!validate(value)) {
    const [error] = validate.errors ?? [];
    const extra = error?.params as { additionalProperty?: string } | undefined;
    const property = extra?.additionalProperty;
    throw new Error(
      `${error?.instancePath || "/"} ${error?.message}${property ? ` (${property})` : ""}`,
    );
  }
  const { group, giveUpAfter, ratePerMinute = 60, ...rest } = value as Written;
  const spec = {
    ...rest,
    ...(rest.url === undefined ? {} : { url: webUrl(resolved("/url", rest.url, secretOf)) }),
    ...(rest.secret === undefined ? {} : { secret: resolved("/secret", rest.secret, secretOf) }),
    ratePerMinute,
    groupMs: duration("/group", group ?? "0s"),
    giveUpAfterMs: duration("/giveUpAfter", giveUpAfter ?? "24h"),
  };
  return spec as unknown as ChannelSpec;
}

function duration(property: string, raw: string): number {
  try {
    return as.durationMs(raw);
  } catch (error) {
    throw new Error(`${property} ${messageOf(error)}`, { cause: error });
  }
}

function resolved(property: string, raw: string, secretOf: SecretOf): string {
  if (!raw.startsWith("$")) return raw;
  const name = raw.slice(1);
  const found = secretOf(name);
  if (!found)
    throw new Error(
      `${property} names ${raw}, but neither ${name} nor ${name}_FILE is in the environment`,
    );
  return found;
}

/** The URL itself may be the secret, so that it is not shown. */
function webUrl(raw: string): string {
  if (!URL.canParse(raw) || !/^https?:$/.test(new URL(raw).protocol))
    throw new Error("/url must be an http or https URL");
  return raw;
}

/** True if a channel tells this alert. */
export const isWanted = (
  { rules, severities, regions }: ChannelSpec,
  { rule, severity, state, quiet }: Alert,
  region: string,
): boolean =>
  (state === "firing" || (state === "resolved" && quiet !== true)) &&
  (rules?.includes(rule) ?? true) &&
  (severities?.includes(severity) ?? true) &&
  (regions?.includes(region) ?? true);
