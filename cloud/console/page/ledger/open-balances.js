// Balances that do not come out: where, since when, who disagrees; an operator says that it was looked at.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { ConfirmDialog } from "../kit/dialog.js";
import { TextField } from "../kit/form.js";
import { Time } from "../kit/number.js";
import { count, plural } from "../kit/numbers.js";
import { Note } from "../kit/problem.js";
import { toast } from "../kit/toast.js";
import { ForOperators } from "../shell/session.js";
import { urlOf } from "../shell/url.js";

function Acknowledge({ region, partition, readings }) {
  const [isOpen, setOpen] = useState(false);
  const [why, setWhy] = useState("");
  const lane = `${region}/${partition}`;
  const act = async () => {
    const path = urlOf(["ledger", region, "lanes", String(partition), "acknowledgement"]);
    const done = await ask("POST", path, { why });
    toast(`${plural(done.readings, "reading")} of lane ${lane} acknowledged.`);
  };
  return html`<div>
    <${Button} size="small" onClick=${() => setOpen(true)}>Acknowledge<//>
    <${ConfirmDialog}
      title=${`Acknowledge what is open in lane ${lane}`}
      open=${isOpen}
      onClose=${() => setOpen(false)}
      action="Acknowledge"
      kind="primary"
      act=${act}
    >
      <div class="form">
        <${TextField}
          wide
          label="Why it is so"
          hint="Whoever reads the ledger later has nothing else."
          value=${why}
          onInput=${setWhy}
        />
        <p class="muted">
          ${plural(readings, "reading")} will be named with you, the time and this reason. What is
          missing of them counts as lost. What is open later opens the balance again.
        </p>
      </div>
    <//>
  </div>`;
}

export const OpenBalances = ({ open }) =>
  open.map(
    ({ region, partition, readings, frames, sinceMs, why }) =>
      html`<${Note}
        key=${`${region}/${partition}`}
        state="bad"
        title=${`${plural(Math.abs(readings), "reading")} of lane ${region}/${partition} not accounted for`}
      >
        <p>${why}</p>
        <p>
          Since <${Time} atMs=${sinceMs} />, among${" "}
          <a href=${urlOf(["lanes", region, String(partition)], { from: frames[0] })}>
            frames ${count(frames[0])} to ${count(frames[1])}</a
          >.
        </p>
        <${ForOperators}><${Acknowledge} ...${{ region, partition, readings }} /><//>
      <//>`,
  );
