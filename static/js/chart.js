/* The chart of a session: saves by itself, adds the minutes up, fills in what the plan says. The page works without it.

   data-chart               the form; data-booked: minutes of the visit; data-chart-conflict: wait for a decision
   data-segments            a row of radios: a second tap on the chosen one takes it back
   data-counter="5"         a number with data-less and data-more buttons
   data-muscle              a card; data-planned-minutes, data-planned-techniques: what "done as planned" fills in
   data-chart-saved         where the state of saving is told                                                        */
(() => {
  const form = document.querySelector("form[data-chart]");
  if (!form) return;

  const WAIT_MS = 2500;
  const RETRY_MS = 8000;
  const mark = form.querySelector("[data-chart-saved]");
  let timer = null;
  let edits = 0; // rises with every change; a save covers the edits up to the moment it was sent
  let savedEdits = 0;
  let sending = false;
  let leaving = false;
  let waiting = null; // the button pressed while a save was on its way
  let stopped = "chartConflict" in form.dataset;

  /* ---- telling ---- */

  function tell(words, state) {
    mark.textContent = words;
    mark.dataset.state = state;
  }

  const clockTime = () => new Date().toTimeString().slice(0, 5);

  function tellConflict(words) {
    stopped = true;
    tell("Not saved.", "failed");
    const notice = document.createElement("div");
    notice.className = "notice tone-stop";
    notice.setAttribute("role", "alert");
    notice.innerHTML = '<span></span><div class="cluster"><button class="btn btn-secondary">Compare both</button></div>';
    notice.querySelector("span").textContent = `${words} What you typed is still here.`;
    form.prepend(notice);
    notice.scrollIntoView({ block: "center" });
  }

  /* ---- saving ---- */

  const isDirty = () => edits > savedEdits;

  function changed() {
    edits += 1;
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(save, WAIT_MS);
  }

  async function save() {
    if (sending || stopped || !isDirty()) return;
    const upTo = edits;
    const body = new FormData(form);
    body.delete("act");
    sending = true;
    tell("Saving…", "saving");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(body),
        headers: { "X-Autosave": "1", Accept: "application/json" },
        credentials: "same-origin",
        redirect: "manual", // a redirect leads to the sign-in page
      });
      await handle(answer, upTo);
    } catch {
      tell("Not saved: no connection. It is tried again.", "failed");
      timer = setTimeout(save, RETRY_MS);
    } finally {
      sending = false;
    }
    if (waiting) {
      // The buttons wait for a save on its way, or they would carry the version before it.
      form.requestSubmit(waiting);
      return;
    }
    if (isDirty() && !stopped) {
      clearTimeout(timer);
      timer = setTimeout(save, mark.dataset.state === "failed" ? RETRY_MS : WAIT_MS);
    }
  }

  async function handle(answer, upTo) {
    if (answer.type === "opaqueredirect" || answer.status === 403 || answer.status === 404) {
      stopped = true;
      tell("Not saved: you may be signed out. Sign in in another window, then press Save.", "failed");
      return;
    }
    const said = await answer.json();
    if (said.state === "saved") {
      form.elements.version.value = said.version;
      savedEdits = upTo;
      showErrors([]);
      tell(`Saved ${clockTime()}`, "saved");
    } else if (said.state === "refused") {
      showErrors(said.errors);
      tell(`Not saved. ${said.errors[0]?.words ?? ""}`, "failed");
    } else {
      tellConflict(said.words);
    }
  }

  function showErrors(errors) {
    for (const part of form.querySelectorAll(".has-error")) part.classList.remove("has-error");
    for (const error of errors) {
      if (error.field) document.getElementById(`div_id_${error.field}`)?.classList.add("has-error");
    }
  }

  /* ---- minutes ---- */

  const minutesFields = () => form.querySelectorAll('[data-muscle] input[name$="-minutes"]');

  function addUp() {
    let sum = 0;
    for (const field of minutesFields()) {
      const given = Number.parseInt(field.value, 10) || 0;
      sum += given;
      field.closest("[data-muscle]").classList.toggle("is-given", given > 0);
    }
    const booked = Number(form.dataset.booked);
    form.querySelector("[data-minutes]").textContent = sum;
    form.querySelector("[data-minutes-meter]").value = Math.min(sum, booked);
    form.querySelector(".minutes-sum").classList.toggle("is-over", sum > booked);
  }

  function count(button) {
    const counter = button.closest("[data-counter]");
    const field = counter.querySelector("input");
    const step = Number(counter.dataset.counter) * ("less" in button.dataset ? -1 : 1);
    const most = field.max === "" ? Number(form.dataset.booked) : Number(field.max);
    const next = Math.min(Math.max((Number.parseInt(field.value, 10) || 0) + step, 0), most);
    field.value = next === 0 ? "" : next;
    touched();
  }

  /* ---- as planned ---- */

  function fillAsPlanned(card) {
    const minutes = card.querySelector('input[name$="-minutes"]');
    if (!(Number.parseInt(minutes.value, 10) > 0)) minutes.value = card.dataset.plannedMinutes;
    const boxes = [...card.querySelectorAll('input[name$="-techniques"]')];
    if (boxes.some((box) => box.checked)) return;
    const planned = card.dataset.plannedTechniques.split(" ");
    for (const box of boxes) box.checked = planned.includes(box.value);
  }

  function asPlanned(event, cards) {
    event.preventDefault();
    for (const card of cards) if (card.dataset.plannedMinutes) fillAsPlanned(card);
    touched();
  }

  /* ---- wiring ---- */

  function touched() {
    addUp();
    changed();
  }

  function takeBack(event) {
    const radio = event.target.closest?.('[data-segments] input[type="radio"]');
    if (!radio || !radio.wasChosen) return;
    const none = radio.closest("[data-segments]").querySelector('input[value=""]');
    if (none) none.checked = true;
    rememberChosen();
    touched();
  }

  function rememberChosen() {
    for (const radio of form.querySelectorAll('[data-segments] input[type="radio"]')) radio.wasChosen = radio.checked;
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && ("less" in button.dataset || "more" in button.dataset)) count(button);
    else if (button && "asPlanned" in button.dataset) asPlanned(event, [button.closest("[data-muscle]")]);
    else if (button && "allAsPlanned" in button.dataset) asPlanned(event, form.querySelectorAll("[data-muscle]"));
    else takeBack(event);
  });
  form.addEventListener("change", () => {
    rememberChosen();
    touched();
  });
  form.addEventListener("input", touched);
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (sending) {
      event.preventDefault();
      waiting = event.submitter;
      return;
    }
    leaving = true;
    stopped = true;
    clearTimeout(timer);
  });
  form.addEventListener("focusout", () => {
    if (isDirty() && !stopped) {
      clearTimeout(timer);
      timer = setTimeout(save, 400);
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
  window.addEventListener("online", () => save());
  window.addEventListener("beforeunload", (event) => {
    if (isDirty() && !leaving) event.preventDefault();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload(); // an older version of the chart must not come back to life
  });

  rememberChosen();
  addUp();
  if (document.querySelector("#chart > .error-summary")) edits += 1; // what stands here is not stored yet
})();
