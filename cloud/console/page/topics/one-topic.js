import { html } from "/lib/htm.js";
import { LinkButton } from "../kit/button.js";
import { Chip } from "../kit/chip.js";
import { Code } from "../kit/code.js";
import { Age, Facts } from "../kit/number.js";
import { count } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { urlOf } from "../shell/url.js";

/** A payload as people read it: JSON with line breaks; anything else as it is. */
export function readable(payload) {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}

function taken({ topic, mapping, refused, passed, device }) {
  if (refused) return html`<${Chip} state="bad">refused: ${refused}<//>`;
  if (passed === "relayed")
    return html`by other clients only, it is stored nowhere:${" "}<a
        href=${urlOf(["contracts"], { tab: "mappings", topic })}
        >no mapping says what it means</a
      >`;
  if (passed === "ignored") return "by nobody: this gateway ignores it (SKERRY_IGNORE)";
  if (mapping)
    return html`<a href=${urlOf(["contracts"], { tab: "mappings", topic })}>mapping ${mapping}</a>`;
  return device ? "by its topic, which names device and contract" : "by nobody: no reading";
}

/** What was published last on a topic, where it came from, and what was made of it. */
export function OneTopic({ topic, subscribe }) {
  const { device, region, gateway, retained, lastMs, payload } = topic;
  return html`<${Panel}
    title=${topic.topic}
    actions=${html`<${LinkButton} size="small" href=${subscribe}>Subscribe<//>`}
  >
    <div class="stack">
      <${Facts}
        rows=${[
          ["Last message", html`<${Age} atMs=${lastMs} />${retained ? ", retained" : ""}`],
          ["Messages", `${count(topic.count)} that the gateway remembers`],
          ["Came in at", `${gateway} of ${region}`],
          ["Device", device && html`<a href=${urlOf(["devices", device])}>${device}</a>`],
          ["Taken", taken(topic)],
        ]}
      />
      <${Code} text=${readable(payload)} label="Last payload" wrap />
      ${
        topic.refused &&
        html`<p><a href=${urlOf(["rejects"], { device })}>The refused messages</a></p>`
      }
    </div>
  <//>`;
}
