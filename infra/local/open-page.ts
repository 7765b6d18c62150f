import { spawn } from "node:child_process";

/** True where a browser can be opened: somebody sits before a screen. */
export const hasDesktop = (env: Readonly<Record<string, string | undefined>>): boolean =>
  Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);

/** Opens a page in the browser of the desktop; where there is no `xdg-open`, nothing happens. */
export function openPage(url: string): void {
  const child = spawn("xdg-open", [url], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}
