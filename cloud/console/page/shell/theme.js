// Light or dark: what the system says, until somebody uses the switch.
import { useEffect, useState } from "/lib/hooks.js";

const KEY = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export const currentTheme = () => document.documentElement.dataset.theme;

function apply() {
  const chosen = localStorage.getItem(KEY);
  document.documentElement.dataset.theme = chosen ?? (system.matches ? "dark" : "light");
  for (const listener of listeners) listener(currentTheme());
}

system.addEventListener("change", apply);

export function switchTheme() {
  const next = currentTheme() === "dark" ? "light" : "dark";
  // What the system says anyway is no choice, so that it is followed again.
  if ((next === "dark") === system.matches) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  apply();
}

/** "light" or "dark"; whatever draws with colours of its own draws again when it changes. */
export function useTheme() {
  const [theme, setTheme] = useState(currentTheme());
  useEffect(() => {
    listeners.add(setTheme);
    return () => listeners.delete(setTheme);
  }, []);
  return theme;
}
