// The body that is posted to a webhook (pure): our own JSON, or what Slack's incoming webhooks understand.
import { type Message, ruleOf } from "./message.ts";
import { linesOf, subjectOf } from "./wording.ts";

export const WEBHOOK_FORMATS = ["json", "slack"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** The same bytes whenever the same message is sent. */
export const webhookBody = (message: Message, format: WebhookFormat): string =>
  JSON.stringify(format === "slack" ? slackBody(message) : jsonBody(message));

const jsonBody = (message: Message): object => ({
  version: 1,
  id: message.messageId,
  kind: message.kind,
  channel: message.channel,
  region: message.region,
  rule: ruleOf(message),
  subject: subjectOf(message),
  // What a device is told is nobody else's business.
  alerts: message.alerts.map(({ commands: _commands, ...rest }) => rest),
});

/** Slack refuses longer texts in a header block and in a section block (Block Kit reference). */
const HEADER_MAX = 150;
const SECTION_MAX = 3_000;

const slackBody = (message: Message): object => {
  const subject = subjectOf(message);
  const lines = linesOf(message).map(escaped);
  return {
    text: escaped(subject),
    blocks: [
      { type: "header", text: { type: "plain_text", text: shortened(subject, HEADER_MAX) } },
      { type: "section", text: { type: "mrkdwn", text: fitting(lines) } },
    ],
  };
};

/** `&`, `<` and `>` are control characters in Slack's texts. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const shortened = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`;

/** Whole lines as far as there is room, then the number of those that are left out. */
function fitting(lines: readonly string[]): string {
  const room = SECTION_MAX - "\n… and 99999 more lines".length;
  let text = "";
  for (const [at, line] of lines.entries()) {
    const longer = at === 0 ? shortened(line, room) : `${text}\n${line}`;
    if (longer.length > room) return `${text}\n… and ${lines.length - at} more lines`;
    text = longer;
  }
  return text;
}
