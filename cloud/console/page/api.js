// The page's side of the API: JSON in and out, problems as errors.

export class Problem extends Error {
  constructor(body) {
    super(body.detail ?? body.title);
    this.status = body.status;
    this.errors = body.errors ?? [];
  }
}

/** Asks the API; a body makes it a change. */
export async function ask(method, path, body) {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      ...(method === "GET" ? {} : { "x-skerry-change": "1" }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw new Problem(answer);
  return answer;
}

/** Logs in with the code of a login link (#login=…), which leaves the address bar at once. */
export async function logInFromLink() {
  const code = new URLSearchParams(location.hash.slice(1)).get("login");
  if (code === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  await ask("POST", "/session", { token: code });
}
