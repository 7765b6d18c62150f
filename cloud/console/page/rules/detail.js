import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button, LinkButton } from "../kit/button.js";
import { Code } from "../kit/code.js";
import { ConfirmDialog } from "../kit/dialog.js";
import { Facts } from "../kit/number.js";
import { PageHead, Panel } from "../kit/panel.js";
import { toast } from "../kit/toast.js";
import { navigate } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { EngineChips, Evaluations, StateCounts } from "./engines.js";
import { KINDS } from "./kinds.js";
import { silenceText } from "./silences.js";

const EVERY_MS = 5_000;
const CRUMB = { href: "/rules", text: "Rules" };

export function RuleDetail({ id }) {
  const answer = useAsk(urlOf(["rules", id]), { everyMs: EVERY_MS });
  const isSaved = answer.data?.source === "saved";
  const actions = html`<${ForOperators}>
    ${isSaved && html`<${DeleteButton} id=${id} />`}
    <${LinkButton} kind="primary" href=${urlOf(["rules", id, "edit"])}>Change<//>
  <//>`;
  return html`
    <${PageHead} title=${id} crumb=${CRUMB} actions=${answer.data && actions}
      >${answer.data && (answer.data.summary ?? KINDS[answer.data.kind]?.says)}<//
    >
    <${Answer} of=${answer}
      >${(listed) =>
        html`<div class="stack">
          <${Panel}><${RuleFacts} listed=${listed} changed=${answer.reload} /><//>
          <${Panel} title="As JSON">
            <${Code} text=${JSON.stringify(listed.rule, null, 2)} label="The rule as JSON" />
          <//>
        </div>`}<//
    >
  `;
}

function RuleFacts({ listed, changed }) {
  const { id, version, kind, source, severity, contracts, condition, open, engines, rule } = listed;
  const details = engines.filter(({ detail }) => detail !== "");
  return html`<${Facts}
    rows=${[
      ["Condition", html`<code>${condition}</code>`],
      ["Kind", kind],
      [
        "Contracts",
        contracts.map(
          (name, at) =>
            html`${at > 0 && ", "}<a key=${name} href=${urlOf(["contracts", name])}>${name}</a>`,
        ),
      ],
      ["Severity", severity ?? "warning"],
      [
        "Version",
        `${version}, ${source === "saved" ? "saved at the hub" : "of the file that the engines were started with"}`,
      ],
      [
        "Engines",
        html`<${EngineChips} engines=${engines} version=${version} />
          ${details.map(({ region, detail }) => html`<p key=${region} class="muted small">${region}: ${detail}</p>`)}`,
      ],
      ["Evaluated", html`<${Evaluations} engines=${engines} /> readings`],
      ["State", html`<${StateCounts} engines=${engines} />`],
      [
        "Alerts",
        html`<a href=${urlOf(["alerts"], { rule: id })}>${open} open</a>, ${" "}<a
            href=${urlOf(["alerts"], { show: "history", rule: id })}
            >history</a
          >`,
      ],
      [
        "Maintenance windows",
        rule.silences?.length > 0 &&
          html`<${Silences} rule=${rule} isSaved=${source === "saved"} changed=${changed} />`,
      ],
    ]}
  />`;
}

function Silences({ rule: { id, silences }, isSaved, changed }) {
  const takeOut = async (silence) => {
    try {
      await ask("DELETE", urlOf(["silences"], { rule: id, ...silence }));
      toast("The window is taken out. What it kept silent fires now, if it still holds.");
    } catch (error) {
      toast(error.message, "bad");
    }
    changed();
  };
  return silences.map(
    (silence) =>
      html`<div class="row" key=${JSON.stringify(silence)}>
        <span>${silenceText(silence)}</span>
        ${
          isSaved &&
          html`<${ForOperators}
            ><${Button} size="small" onClick=${() => takeOut(silence)}>Take out<//><//
          >`
        }
      </div>`,
  );
}

function DeleteButton({ id }) {
  const [isOpen, setOpen] = useState(false);
  const remove = async () => {
    await ask("DELETE", urlOf(["rules", id]));
    toast(`Rule ${id} is deleted.`);
    navigate("/rules");
  };
  return html`<${Button} kind="danger" onClick=${() => setOpen(true)}>Delete<//>
    <${ConfirmDialog}
      title=${`Delete rule ${id}?`}
      open=${isOpen}
      onClose=${() => setOpen(false)}
      action="Delete"
      act=${remove}
    >
      <p>It is not evaluated any more, and what it raised is resolved.</p>
    <//>`;
}
