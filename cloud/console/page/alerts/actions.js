// What an operator may do about an alert: acknowledge it, and silence its rule for a while.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { ConfirmDialog } from "../kit/dialog.js";
import { SelectField } from "../kit/form.js";
import { toast } from "../kit/toast.js";
import { urlOf } from "../shell/url.js";
import { isOwnRule } from "./own-rule.js";

const LENGTHS = {
  "30m": "30 minutes",
  "2h": "2 hours",
  "8h": "8 hours",
  "24h": "a day",
  "7d": "a week",
};

export function AlertActions({ alert, done }) {
  const [isOpen, setOpen] = useState(false);
  const [length, setLength] = useState("2h");
  const { rule, key, id, state } = alert;
  if (isOwnRule(alert)) return null;
  const acknowledge = async () => {
    try {
      await ask("POST", urlOf(["alerts", rule, key, "acknowledgement"]), { id });
      toast("Acknowledged. The engine of the region writes it down within a second.");
    } catch (error) {
      toast(error.message, "bad");
    }
    done();
  };
  const silence = async () => {
    await ask("POST", "/silences", { rule, for: length });
    toast(`Rule ${rule} is silent for ${LENGTHS[length]}.`);
    done();
  };
  return html`
    <${Button} onClick=${() => setOpen(true)}>Silence the rule<//>
    ${state === "firing" && html`<${Button} kind="primary" onClick=${acknowledge}>Acknowledge<//>`}
    <${ConfirmDialog}
      title=${`Silence rule ${rule}`}
      open=${isOpen}
      onClose=${() => setOpen(false)}
      action="Silence"
      kind="primary"
      act=${silence}
    >
      <div class="form">
        <${SelectField}
          label="From now, for"
          value=${length}
          options=${Object.entries(LENGTHS).map(([value, text]) => ({ value, text }))}
          onChange=${setLength}
        />
        <p class="muted">
          For every device, not only for ${key}. What the rule would raise meanwhile is kept as
          silenced, and fires at the end if it still holds. What fires already stays as it is.
        </p>
      </div>
    <//>
  `;
}
