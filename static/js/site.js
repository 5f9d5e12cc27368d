/* Behaviour hangs on data- attributes; every page works without this file.

   data-confirm="words"        on a form, submit button or link: asks before going on (hx-confirm asks the same way)
   data-once                   on a form: a second press while the first is on its way is ignored
   data-guard                  on a form: warns before leaving with unsaved changes
   data-autosubmit             on a field: submits its form when changed
   data-tap-sends              on a form: a tap on a choice sends it; by keyboard one chooses first and then sends
   data-show-when="name=a,b"   on an element in a form: shown while the field holds one of these values
   data-saved                  in a form sent by htmx: "Saving…", "Saved 14:30", "Not saved…" (class="saved", aria-live="polite")
   data-copy="#id" | "words"   on a button: copies the text or value, and says so on itself
   data-print                  on a button: prints the page
   data-shortcut="/"           on a field: the key that leads to it
   data-own-zone               on a select of time zones without a choice: chooses the zone of this browser
   data-dismiss                on a button: removes its [data-dismissable]
   data-theme-choice           on a button: light, dark or auto, kept in this browser                                           */
(() => {
  const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

  /* ---- colours ---- */

  const themeChoice = () => document.documentElement.dataset.theme ?? "auto";

  function showThemeChoice() {
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === themeChoice()));
    }
  }

  function chooseTheme(choice) {
    const root = document.documentElement;
    if (choice === "auto") {
      delete root.dataset.theme;
      delete root.dataset.bsTheme;
    } else {
      root.dataset.theme = root.dataset.bsTheme = choice;
    }
    try {
      if (choice === "auto") localStorage.removeItem("theme");
      else localStorage.setItem("theme", choice);
    } catch {
      // Storage may be forbidden: the choice then lasts as long as the page.
    }
    showThemeChoice();
  }

  /* ---- the zone of this browser ---- */

  function chooseOwnZone() {
    for (const select of document.querySelectorAll("[data-own-zone]")) {
      const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
      if (!select.value && [...select.options].some((option) => option.value === zone)) select.value = zone;
    }
  }

  /* ---- asking first ---- */

  function ask(words) {
    const dialog = document.createElement("dialog");
    dialog.className = "confirm";
    dialog.setAttribute("aria-labelledby", "confirm-words");
    dialog.innerHTML =
      '<p id="confirm-words"></p><form method="dialog" class="cluster">' +
      '<button class="btn btn-primary" value="yes">Yes, go on</button>' +
      '<button class="btn btn-secondary" value="no">No, go back</button></form>';
    dialog.querySelector("p").textContent = words;
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        dialog.remove();
        resolve(dialog.returnValue === "yes");
      });
    });
  }

  window.ask = ask;

  async function confirmSubmit(event, form) {
    const words = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await ask(words))) return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  }

  async function confirmLink(event, link) {
    event.preventDefault();
    if (await ask(link.dataset.confirm)) window.location.assign(link.href);
  }

  /* ---- sending ---- */

  function sendOnce(event, form) {
    if (form.dataset.sending) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sending = "yes";
    form.setAttribute("aria-busy", "true");
    event.submitter?.classList.add("working");
  }

  function release(form) {
    delete form.dataset.sending;
    form.removeAttribute("aria-busy");
    for (const button of form.querySelectorAll(".working")) button.classList.remove("working");
  }

  const unsaved = new Set();

  function onSubmit(event) {
    const form = event.target;
    const wantsWord = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (wantsWord && !form.dataset.confirmed) {
      confirmSubmit(event, form);
      return;
    }
    if ("once" in form.dataset) sendOnce(event, form);
    if (!event.defaultPrevented) unsaved.delete(form);
  }

  function onBeforeUnload(event) {
    for (const form of unsaved) {
      if (form.isConnected) event.preventDefault();
    }
  }

  /* ---- showing what depends on an answer ---- */

  function showWhen(form) {
    for (const part of form.querySelectorAll("[data-show-when]")) {
      const [name, values] = part.dataset.showWhen.split("=");
      const given = new FormData(form).getAll(name);
      part.hidden = !values.split(",").some((value) => given.includes(value));
    }
  }

  const showAllWhen = (root) => {
    for (const form of root.querySelectorAll("form")) showWhen(form);
  };

  /* ---- saying what happened ---- */

  function say(words, tone = "stop") {
    const messages = document.getElementById("messages");
    if (!messages) return;
    const notice = document.createElement("div");
    notice.className = `notice tone-${tone}`;
    notice.dataset.dismissable = "";
    notice.innerHTML = '<span></span><button class="dismiss" type="button" data-dismiss aria-label="Close this message">×</button>';
    notice.querySelector("span").textContent = words;
    messages.append(notice);
    messages.scrollIntoView({ block: "nearest" });
  }

  function sayFailed(event) {
    const status = event.detail.xhr?.status ?? 0;
    if (status === 401 || status === 403) say("You may have been signed out. Reload the page and sign in again.");
    else if (status >= 400 && status < 500) say("That was not accepted. Reload the page and try again.");
    else say("That did not reach the practice. Check the connection and try again.");
  }

  function markSaved(form, words, state) {
    const mark = form?.querySelector?.("[data-saved]");
    if (!mark) return;
    mark.textContent = words;
    mark.dataset.state = state;
  }

  const clockTime = () => new Date().toTimeString().slice(0, 5);

  /* ---- copying ---- */

  function copyByHand(text) {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }

  async function copy(button) {
    const wanted = button.dataset.copy;
    const source = wanted.startsWith("#") ? document.querySelector(wanted) : null;
    const text = source ? source.value ?? source.textContent.trim() : wanted;
    let copied;
    try {
      await navigator.clipboard.writeText(text); // absent on plain http in the practice's own network
      copied = true;
    } catch {
      copied = copyByHand(text);
    }
    const words = button.textContent;
    button.textContent = copied ? "Copied" : "Please copy by hand";
    button.setAttribute("aria-live", "polite");
    setTimeout(() => (button.textContent = words), 2000);
  }

  /* ---- menus: below the button that opens them, wherever banners have pushed it ---- */

  function placeMenu(event) {
    const menu = event.target;
    if (event.newState !== "open" || !menu.classList.contains("menu")) return;
    const button = document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`);
    menu.style.top = `${button.getBoundingClientRect().bottom + 4}px`;
  }

  /* ---- wiring: one listener per kind of event, so that swapped-in parts need no setup ---- */

  function togglePopover(button) {
    const menu = document.getElementById(button.getAttribute("popovertarget"));
    for (const other of document.querySelectorAll("[popover].is-open")) {
      if (other !== menu) other.classList.remove("is-open");
    }
    menu?.classList.toggle("is-open");
  }

  function sendTapped(event) {
    const choice = event.target.closest("[data-tap-sends] .form-check label")?.control;
    if (!choice || !event.detail) return; // arrow keys click, too, and have no detail
    choice.checked = true;
    choice.form.requestSubmit();
  }

  function onClick(event) {
    sendTapped(event);
    const link = event.target.closest("a[data-confirm]");
    if (link) confirmLink(event, link);
    const button = event.target.closest("button");
    if (!button) {
      const inSummary = event.target.closest(".error-summary a");
      if (inSummary) focusField(event, inSummary);
      return;
    }
    if (button.hasAttribute("popovertarget") && !("popover" in HTMLElement.prototype)) togglePopover(button);
    if ("dismiss" in button.dataset) button.closest("[data-dismissable]")?.remove();
    if ("themeChoice" in button.dataset) chooseTheme(button.dataset.themeChoice);
    if ("copy" in button.dataset) copy(button);
    if ("print" in button.dataset) window.print();
  }

  function focusField(event, link) {
    const wrapper = document.getElementById(link.hash.slice(1));
    const field = wrapper?.querySelector("input:not([type=hidden]), select, textarea") ?? wrapper;
    if (!field) return;
    event.preventDefault();
    field.focus({ preventScroll: true });
    wrapper.scrollIntoView({ block: "start" });
  }

  function onChange(event) {
    const form = event.target.form;
    if (!form) return;
    if ("guard" in form.dataset) unsaved.add(form);
    showWhen(form);
    if (event.target.closest("[data-autosubmit]")) form.requestSubmit();
  }

  function onKey(event) {
    const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (!field) return;
    event.preventDefault();
    field.focus();
  }

  document.addEventListener("beforetoggle", placeMenu, true);
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("change", onChange);
  document.addEventListener("input", (event) => {
    if (event.target.form && "guard" in event.target.form.dataset) unsaved.add(event.target.form);
  });
  document.addEventListener("keydown", onKey);
  window.addEventListener("beforeunload", onBeforeUnload);
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sending]")) release(form);
  });

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = csrfToken();
  });
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question).then((yes) => yes && event.detail.issueRequest(true));
  });
  document.addEventListener("htmx:beforeRequest", (event) => markSaved(event.target.closest("form"), "Saving…", "saving"));
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form");
    if (!form) return;
    release(form);
    if (event.detail.successful) {
      unsaved.delete(form);
      markSaved(form, `Saved ${clockTime()}`, "saved");
    } else {
      markSaved(form, "Not saved. Check the connection.", "failed");
    }
  });
  document.addEventListener("htmx:responseError", sayFailed);
  document.addEventListener("htmx:sendError", sayFailed);
  document.addEventListener("htmx:timeout", sayFailed);
  document.addEventListener("htmx:load", (event) => showAllWhen(event.detail.elt));

  showThemeChoice();
  chooseOwnZone();
  showAllWhen(document);
  document.querySelector(".error-summary")?.focus();
})();
