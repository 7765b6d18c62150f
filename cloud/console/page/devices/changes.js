// What an operator changes about a device: a new password, and its revocation.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { Code } from "../kit/code.js";
import { ConfirmDialog, Dialog } from "../kit/dialog.js";
import { RadioField } from "../kit/form.js";
import { toast } from "../kit/toast.js";
import { urlOf } from "../shell/url.js";

const pathOf = (id, ...more) => urlOf(["devices", id, ...more]);

function NewPassword({ id, open, onClose, changed }) {
  const [how, setHow] = useState("rotate");
  const [secret, setSecret] = useState(null);
  const act = async () => {
    const answer = await ask("POST", pathOf(id, "credential"), { keepOld: how === "rotate" });
    setSecret(answer.secret);
    changed();
  };
  return html`<${ConfirmDialog}
      title=${`A new password for ${id}`}
      open=${open}
      onClose=${onClose}
      action="Make it"
      kind="primary"
      act=${act}
    >
      <${RadioField}
        label="The password that it has now"
        value=${how}
        onChange=${setHow}
        options=${[
          {
            value: "rotate",
            text: "stays valid until the next new one",
            hint: "Nothing stops while the device gets the new one.",
          },
          {
            value: "replace",
            text: "ends at once, and so do its sessions",
            hint: "Also lets in a device that was revoked.",
          },
        ]}
      />
    <//>
    <${Dialog}
      title=${`The new password of ${id}`}
      open=${secret !== null}
      onClose=${() => setSecret(null)}
    >
      <p>It is shown only now.</p>
      <${Code} text=${secret ?? ""} label="Password" wrap />
    <//>`;
}

export function DeviceChanges({ device, changed }) {
  const [open, setOpen] = useState(null);
  const close = () => setOpen(null);
  const { id, registered } = device;
  if (!registered) return null;
  const revoke = async () => {
    await ask("DELETE", pathOf(id));
    toast(`${id} is revoked: its sessions end within seconds`);
    changed();
  };
  return html`<${Button} onClick=${() => setOpen("password")}>New password<//>
    ${
      !registered.revokedAtMs &&
      html`<${Button} kind="danger" onClick=${() => setOpen("revoke")}>Revoke<//>`
    }
    <${NewPassword} id=${id} open=${open === "password"} onClose=${close} changed=${changed} />
    <${ConfirmDialog}
      title=${`Revoke ${id}?`}
      open=${open === "revoke"}
      onClose=${close}
      action="Revoke"
      act=${revoke}
    >
      <p>
        Its sessions end within seconds, and nothing lets it in until it gets a new password. What
        it sent stays.
      </p>
    <//>`;
}
