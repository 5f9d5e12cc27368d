/* Loaded before the first paint: the colours this browser chose (light or dark); nothing chosen = as the machine says. */
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let choice = null;
  try {
    choice = localStorage.getItem("theme");
  } catch {
    // Storage may be forbidden; the machine's choice stands.
  }
  if (choice === "light" || choice === "dark") {
    root.dataset.theme = choice;
    root.dataset.bsTheme = choice;
  }
})();
