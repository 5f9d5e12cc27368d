/* The examination card. Without this file the page works; each choice then takes its own tap, and the result is shown on saving.

   data-choose="name=value …"  on a button: chooses these answers; pressed again while they stand, it takes that back
   data-field                  on a link to a field of this page: unfolds what hides it and leads the keyboard there
   data-alive="address"        on a form: before sending, asks whether the practice can be reached, and keeps the page if not  */
(() => {
  const form = document.querySelector("form.exam");
  const preview = document.getElementById("preview");

  /* ---- several answers by one tap ---- */

  const radiosOf = (name) => [...form.querySelectorAll(`input[name="${CSS.escape(name)}"]`)];
  const chosen = (name) => radiosOf(name).find((radio) => radio.checked)?.value ?? "";

  function choose(name, value) {
    for (const radio of radiosOf(name)) radio.checked = radio.value === value;
  }

  const taken = new WeakMap(); // button → what stood before it was pressed

  function press(button) {
    const before = taken.get(button);
    const wanted = new Map(button.dataset.choose.trim().split(/\s+/).map((pair) => pair.split("=")));
    if (!before) taken.set(button, new Map([...wanted.keys()].map((name) => [name, chosen(name)])));
    for (const [name, value] of before ?? wanted) choose(name, value);
    mark(button, !before);
    button.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function mark(button, isPressed) {
    if (!isPressed) taken.delete(button);
    button.setAttribute("aria-pressed", String(isPressed));
  }

  function forget(event) {
    for (const button of form.querySelectorAll("[data-choose][aria-pressed=true]")) {
      if (event.target.name && button.dataset.choose.includes(`${event.target.name}=`)) mark(button, false);
    }
  }

  /* ---- to the field that is missing ---- */

  function unfold(field) {
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }

  function leadTo(event, link) {
    const field = document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    unfold(field);
    field.querySelector("input:checked, input, select, textarea")?.focus({ preventScroll: true });
    field.scrollIntoView({ block: "center" });
  }

  function leadFromElsewhere() {
    const field = window.location.hash && document.getElementById(window.location.hash.slice(1));
    if (!field) return;
    unfold(field);
    field.scrollIntoView({ block: "center" });
  }

  /* ---- the result beside the card: its requests are not the form's, and a lost one moves nothing ---- */

  function sayLost() {
    document.getElementById("preview-words").textContent =
      "No connection: the result is not up to date. What you chose is still here.";
  }

  for (const name of ["htmx:beforeRequest", "htmx:afterRequest"]) {
    preview.addEventListener(name, (event) => event.stopPropagation()); // or the form would count as sent
  }
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    preview.addEventListener(name, (event) => {
      event.stopPropagation();
      sayLost();
    });
  }

  /* ---- sending, once the practice is there ---- */

  let isAlive = false;

  async function sendWhenAlive(event) {
    if (isAlive) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    submitter?.classList.add("working");
    try {
      isAlive = (await fetch(form.dataset.alive, { cache: "no-store" })).ok;
    } catch {
      isAlive = false;
    }
    submitter?.classList.remove("working");
    if (isAlive) form.requestSubmit(submitter);
    else document.getElementById("preview-words").textContent = "Not saved: no connection. What you chose is still here. Try again.";
    isAlive = false;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (button) press(button);
    const link = event.target.closest("a[data-field]");
    if (link) leadTo(event, link);
  });
  form.addEventListener("change", forget);
  window.addEventListener("submit", sendWhenAlive, true); // before the page's own listeners
  window.addEventListener("hashchange", leadFromElsewhere);
  leadFromElsewhere();
})();
