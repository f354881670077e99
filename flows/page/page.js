const themes = ["auto", "light", "dark"];
function readTheme() {
  try { return themes.includes(localStorage.theme) ? localStorage.theme : "auto"; } catch { return "auto"; }
}
function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
}
function nextTheme() {
  const theme = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
  try { localStorage.theme = theme; } catch { /* private windows have no storage */ }
  applyTheme(theme);
}
document.documentElement.lang = "en";
applyTheme(readTheme());
document.addEventListener("keydown", event => {
  if (/^(input|select|textarea)$/i.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    document.querySelector("input.search")?.focus();
  }
  if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll("ul.series a")];
    const next = links.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
    links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
  }
});
