// Light or dark: what the system says, or what was chosen here.

const dark = matchMedia("(prefers-color-scheme: dark)");
const told = new Set();
const KEY = "pellucid-studio-theme";

const kept = () => { try { return localStorage.getItem(KEY); } catch { return null; } };

export const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

/** Call `tell` when light and dark change, as what is painted on a canvas does not follow by itself. */
export function onTheme(tell) {
  told.add(tell);
  return () => told.delete(tell);
}

const tellAll = () => { for (const tell of [...told]) tell(); };

export function choose(theme) {
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem(KEY, theme); } catch { /* private windows keep nothing */ }
  tellAll();
}

dark.addEventListener("change", tellAll);
if (["light", "dark"].includes(kept())) document.documentElement.dataset.theme = kept();
