import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { ask } from "../api.js";
import { Button } from "../kit/button.js";
import { TextField } from "../kit/form.js";

/** The login page; `reason` says why somebody sees it, if there is more to say. */
export function LogIn({ done, reason }) {
  const [problem, setProblem] = useState(reason);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await ask("POST", "/session", { token: new FormData(event.target).get("token") });
      done();
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<main class="login">
    <form class="login-card" onSubmit=${submit}>
      <div class="row">
        <img src="/mark.svg" alt="" width="34" height="34" />
        <h1>Skerry</h1>
      </div>
      <p class="muted">
        Open the login link that was printed at the start, within 10 minutes, or print a new one
        with${" "}
        <code>npx skerry console login</code>, or log in with a token.
      </p>
      <${TextField}
        label="Token"
        name="token"
        type="password"
        required
        autofocus
        error=${problem}
        hint="SKERRY_CONSOLE_OPERATOR_TOKEN or SKERRY_CONSOLE_VIEWER_TOKEN of the console"
      />
      <${Button} kind="primary" type="submit">Log in<//>
    </form>
  </main>`;
}
