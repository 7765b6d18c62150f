// Sets the theme before anything is drawn, so that a dark page never flashes white. No module: modules come later.
(() => {
  const chosen = localStorage.getItem("theme");
  const isDark =
    chosen === null ? matchMedia("(prefers-color-scheme: dark)").matches : chosen === "dark";
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
