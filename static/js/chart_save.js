/* Saves a chart by itself, and loses nothing: no network, a reload, a crash, the lock of an idle page, a second window.

   form  data-chart data-session data-visit data-keys     data-typed: shows what was typed, not what is stored
         data-chart-conflict="7": waits for a decision, typed over version 7        data-closed: signed or withdrawn meanwhile
   data-chart-saved        where the state of saving is told
   data-discard-typed      a button: forgets what was typed here; it can be taken back on the next page

   The page says "chart:touched" on the form when something changed (static/js/chart.js).                                */
(() => {
  const form = document.querySelector("form[data-chart]");
  if (!form) return;

  const WAIT_MS = 2500;
  const KEEP_MS = 700;
  const RETRY_MS = 8000;
  const ADOPT = "chart-adopts";
  const { session, visit } = form.dataset;
  const address = window.location.pathname;
  const store = window.chartStore;
  const canKeep = store?.isPossible() && store.user !== "";
  const keys = canKeep ? store.keysFrom(form.dataset.keys) : null;
  const mark = form.querySelector("[data-chart-saved]");
  const isTyped = "typed" in form.dataset;
  const isClosed = "closed" in form.dataset;

  let timer = null;
  let keepTimer = null;
  let edits = isTyped ? 1 : 0; // rises with every change; a save covers the edits up to the moment it was sent
  let savedEdits = 0;
  let saving = null; // the save on its way
  let pressing = false;
  let leaving = false;
  let isLocked = false;
  let stopped = isClosed || "chartConflict" in form.dataset; // waits for a decision
  let isTold = false; // the conflict stands on the page: "Compare both" leads on

  const isDirty = () => edits > savedEdits;
  const clockTime = () => new Date().toTimeString().slice(0, 5);
  const version = () => Number(form.elements.version.value);

  /* ---- telling ---- */

  function tell(words, state) {
    mark.textContent = words;
    mark.dataset.state = state;
  }

  function notice(tone, words, ...buttons) {
    const box = document.createElement("div");
    box.className = `notice tone-${tone} my-3`;
    box.setAttribute("role", tone === "stop" ? "alert" : "status");
    const inside = document.createElement("div");
    const text = document.createElement("p");
    text.textContent = words;
    inside.append(text);
    const row = document.createElement("div");
    row.className = "cluster";
    for (const [label, does] of buttons) {
      const button = document.createElement("button");
      button.className = "btn btn-secondary";
      button.textContent = label;
      if (does) {
        button.type = "button";
        button.addEventListener("click", () => does(box));
      }
      row.append(button);
    }
    if (buttons.length) inside.append(row);
    box.append(store.icon(tone === "info" ? "info" : "warn"), inside);
    return box;
  }

  function above(box) {
    form.parentElement.before(box);
    return box;
  }

  function tellConflict(words) {
    if (isTold) return;
    stopped = isTold = true;
    clearTimeout(timer);
    tell("Not saved.", "failed");
    const box = notice("stop", `${words} What you typed is still here.`, ["Compare both", null]);
    form.prepend(box); // inside the form: its button sends what was typed
    box.scrollIntoView({ block: "center" });
  }

  /* ---- keeping in this browser ---- */

  let keeping = Promise.resolve();
  let cannotKeep = null;

  const mine = () => ({ user: store.user, session, page: store.page });

  function tellCannotKeep() {
    cannotKeep ??= above(
      notice("warn", "This browser cannot keep unsent text (private window, no room left, or no secure connection). Do not close this page before it says “Saved”."),
    );
  }

  function typed({ decided = true } = {}) {
    const body = new FormData(form);
    body.delete("act");
    body.delete("csrfmiddlewaretoken");
    if (!decided) body.set("version", form.dataset.chartConflict); // found again, it must meet the comparison again
    return new URLSearchParams(body).toString();
  }

  function keepNow() {
    clearTimeout(keepTimer);
    if (!canKeep) return keeping;
    keeping = keeping.then(async () => {
      if (!isDirty() || leaving) return; // what was given up on leaving must not come back
      try {
        await store.keep({ keys, session, address, visit, text: typed({ decided: !("chartConflict" in form.dataset) }) });
        cannotKeep?.remove();
        cannotKeep = null;
      } catch {
        tellCannotKeep();
      }
    });
    return keeping;
  }

  /* Let go of what was kept, unless something was typed since. */
  function letGo() {
    if (!canKeep) return keeping;
    keeping = keeping.then(() => (isDirty() ? null : store.remove(mine()))).catch(() => {});
    return keeping;
  }

  /* ---- saving ---- */

  function changed() {
    edits += 1;
    if (isClosed) return;
    clearTimeout(keepTimer);
    keepTimer = setTimeout(keepNow, KEEP_MS);
    if (!stopped) saveIn(WAIT_MS);
  }

  function saveIn(delay) {
    clearTimeout(timer);
    timer = setTimeout(save, delay);
  }

  function send(text) {
    const body = new URLSearchParams(text);
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    return fetch(address + window.location.search, {
      method: "POST",
      body,
      headers: {
        "X-Autosave": "1",
        Accept: "application/json",
        "X-Idle-Seconds": String(window.presence?.idleSeconds() ?? 0),
      },
      credentials: "same-origin",
      redirect: "manual", // a redirect leads to the sign-in page
    });
  }

  /* Save once; say how it ended: saved, refused, conflict (the practice shows those two), offline, closed or stays. */
  function save({ force = false } = {}) {
    if (saving || isLocked || (stopped && !force) || !isDirty()) return saving ?? Promise.resolve("stays");
    clearTimeout(timer);
    const upTo = edits;
    tell("Saving…", "saving");
    saving = send(typed())
      .then((answer) => takeIn(answer, upTo))
      .catch(() => {
        const kept = canKeep && !cannotKeep ? "It is kept in this browser and sent when it returns." : "Keep this page open. It is tried again.";
        tell(`Not saved: no connection. ${kept}`, "failed");
        keepNow();
        return "offline";
      })
      .then((outcome) => {
        saving = null;
        if (!pressing && !stopped && !isLocked) {
          if (outcome === "offline") saveIn(RETRY_MS);
          else if (edits > upTo) saveIn(WAIT_MS);
        }
        return outcome;
      });
    return saving;
  }

  async function takeIn(answer, upTo) {
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return shut(answer);
    if (answer.status === 400) return stay(unstorable());
    if (answer.status === 413) return stay("Not saved: this is more than a chart can hold. Shorten it.");
    if (answer.status === 404) return stay("Not saved: this chart is not open to you any more. Copy what you typed.");
    if (answer.status >= 500) throw new Error("the practice is away");
    const answered = await answer.json();
    if (answered.state === "saved") return saved(answered, upTo);
    if (answered.state === "refused") {
      showErrors(answered.errors);
      stay(`Not saved. ${answered.errors[0]?.words ?? ""}`);
      return "refused";
    }
    if (!pressing) tellConflict(answered.words);
    keepNow();
    return "conflict";
  }

  function saved(answered, upTo) {
    form.elements.version.value = answered.version;
    savedEdits = upTo;
    showErrors([]);
    tell(`Saved ${clockTime()}`, "saved");
    letGo();
    windows?.postMessage({ kind: "saved", version: answered.version });
    return "saved";
  }

  async function shut(answer) {
    keepNow();
    const isLock = answer.status === 401 && (await answer.json()).state === "locked";
    tell(isLock ? "Not saved yet: the page is locked." : "Not saved yet: you are signed out.", "failed");
    if (isLock) window.presence?.lock();
    else window.presence?.end();
    return "closed";
  }

  function stay(words) {
    tell(words, "failed");
    keepNow();
    return "stays";
  }

  /* The practice refuses characters that no text has; say where they stand. */
  function unstorable() {
    const odd = /[\0\ufffd]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
    const field = [...form.elements].find((one) => odd.test(one.value ?? ""));
    const name = field?.labels?.[0]?.textContent.trim();
    return `Not saved${name ? `: “${name}”` : ": the chart"} holds a character that cannot be stored. Take it out; the rest is still here.`;
  }

  function showErrors(errors) {
    for (const part of form.querySelectorAll(".has-error")) part.classList.remove("has-error");
    for (const error of errors) {
      if (error.field) document.getElementById(`div_${error.field.startsWith("id_") ? "" : "id_"}${error.field}`)?.classList.add("has-error");
    }
  }

  /* ---- buttons ---- */

  function go() {
    leaving = stopped = true;
    clearTimeout(timer);
  }

  function onSubmit(event) {
    if (event.defaultPrevented || leaving) return;
    const { submitter } = event;
    if (submitter?.hasAttribute("formaction")) return go();
    if (isTold) {
      adoptNext();
      return go();
    }
    if (!saving && !isDirty() && navigator.onLine) return go();
    event.preventDefault();
    if (!pressing) press(submitter);
  }

  /* A button first sends what was typed by the way that can be told from a lost connection; then the page goes on. */
  async function press(submitter) {
    pressing = true;
    if (saving) await saving;
    let outcome = isDirty() ? await save({ force: true }) : "saved";
    if (outcome === "saved" && isDirty()) outcome = await save({ force: true }); // typed while it was on its way
    pressing = false;
    if (!navigator.onLine && outcome === "saved") outcome = stay("No connection. Press the button again when it is back.");
    if (!["saved", "refused", "conflict"].includes(outcome)) {
      if (outcome === "offline" && !stopped) saveIn(RETRY_MS);
      return;
    }
    await keepNow();
    if (isDirty()) adoptNext();
    go();
    form.dataset.confirmed = "yes"; // it was asked at the first press
    form.requestSubmit(submitter);
    delete form.dataset.confirmed;
  }

  /* ---- what waited here ---- */

  /* The next page shows what is typed here: it takes this page's entry over. */
  function adoptNext(name = store?.page) {
    try {
      sessionStorage.setItem(ADOPT, name);
    } catch {
      // Then it is found again when the chart is next opened.
    }
  }

  async function adopt() {
    const from = sessionStorage.getItem(ADOPT);
    sessionStorage.removeItem(ADOPT);
    await keepNow();
    if (from && from !== store.page) await store.remove({ ...mine(), page: from });
  }

  async function bringBack() {
    const [entry] = await store.left(await store.list({ session }));
    if (!entry) return offerDiscarded();
    form.inert = true; // nothing may be typed over it
    const text = await store.read(entry, keys);
    if (text === null) {
      form.inert = false;
      const words = "Unsent text of this chart waits in this browser, but its key is gone, so it cannot be read.";
      return above(notice("warn", words, ["Discard it", () => forget(entry)]));
    }
    const box = above(notice("info", "Text that was typed here and not sent is brought back…"));
    const again = () => bringBack().finally(() => box.remove());
    try {
      const answer = await send(text);
      if (answer.ok) return await broughtBack(entry, (await answer.json()).version, box);
      if (answer.status === 409 || answer.status === 422) return sendOn(entry, text);
      if (answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect") await shut(answer);
    } catch {
      // No connection: told below.
    }
    box.remove();
    const waits = above(notice("warn", "Text that was typed here and not sent waits in this browser. It is brought back when the practice answers.", ["Try now", () => retry()]));
    const retry = () => {
      waits.remove();
      window.removeEventListener("online", retry);
      document.removeEventListener("presence:open", retry);
      again();
    };
    window.addEventListener("online", retry);
    document.addEventListener("presence:open", retry);
  }

  async function broughtBack(entry, stored, box) {
    await store.remove(entry);
    if (stored !== version()) {
      go();
      return window.location.reload();
    }
    box.remove();
    form.inert = false; // it had arrived; only the answer was lost
  }

  /* The practice shows it beside what is stored, or with what is wrong with it. */
  function sendOn(entry, text) {
    adoptNext(entry.page);
    go();
    store.post(address + window.location.search, text, form.elements.csrfmiddlewaretoken.value);
  }

  async function forget(entry) {
    if (!(await window.ask("Discard what was typed here and not sent? It can be taken back on the next page."))) return;
    await keeping;
    await store.discard(entry);
    go();
    window.location.assign(address);
  }

  async function offerDiscarded() {
    const entry = (await store.list({ session, discarded: true })).at(-1);
    if (!entry) return;
    const undo = async () => {
      await store.takeBack(entry);
      go();
      window.location.reload();
    };
    above(notice("info", "What was typed here and not sent is discarded.", ["Take that back", undo]));
  }

  async function discardTyped() {
    await keepNow();
    const [entry] = (await store.list({ session })).filter((one) => one.page === store.page);
    if (entry) forget(entry);
  }

  /* ---- other windows of this chart in this browser ---- */

  const windows = "BroadcastChannel" in window && store?.user ? new BroadcastChannel(`chart ${store.user} ${session}`) : null;
  const ASK_MS = 4000;
  let also = null;
  let isStale = false;
  let asked = 0;
  let heard = 0;

  function alone() {
    also?.remove();
    also = null;
  }

  /* A window that crashed says nothing when it goes: one that no longer answers is gone. */
  function askWho() {
    if (!also) asked = 0;
    else if (asked && heard < asked) alone();
    else {
      asked = Date.now();
      windows.postMessage({ kind: "who" });
    }
  }

  function onWord({ data }) {
    if (data.kind === "closed") {
      alone();
      windows.postMessage({ kind: "who" }); // there may be a third
      return;
    }
    heard = Date.now();
    if (data.kind !== "saved") {
      also ??= above(notice("info", "This chart is also open in another window of this browser. What is saved there appears here."));
    }
    if (data.kind === "open" || data.kind === "who") windows.postMessage({ kind: "here", version: version() });
    if (data.version > version()) newer();
  }

  function newer() {
    if (isTyped || leaving) return;
    if (isDirty()) tellConflict("This chart was changed in another window since you opened it.");
    else {
      isStale = true;
      setTimeout(takeOver, 300);
    }
  }

  function takeOver() {
    if (!isStale || leaving || document.visibilityState === "hidden" || !navigator.onLine) return;
    if (isDirty()) return tellConflict("This chart was changed in another window since you opened it.");
    go();
    window.location.reload();
  }

  /* ---- wiring ---- */

  form.addEventListener("chart:touched", changed);
  form.addEventListener("submit", onSubmit);
  form.addEventListener("focusout", () => {
    if (isDirty() && !stopped) saveIn(400);
  });
  form.querySelector("[data-discard-typed]")?.addEventListener("click", discardTyped);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      keepNow();
      save();
    } else takeOver();
  });
  document.addEventListener("presence:locked", () => {
    isLocked = true;
    keepNow();
  });
  document.addEventListener("presence:open", () => {
    isLocked = false;
    save();
  });
  document.addEventListener("unsent:keep", (event) => event.detail.push(keepNow()));
  document.addEventListener("unsent:leave", go);
  window.addEventListener("online", () => {
    save();
    takeOver();
  });
  window.addEventListener("beforeunload", (event) => {
    if (isDirty() && !leaving) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    keepNow();
    windows?.postMessage({ kind: "closed" });
    windows?.removeEventListener("message", onWord); // or it would still answer "here" while it goes
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload(); // an older version of the chart must not come back to life
  });

  if (windows) {
    windows.addEventListener("message", onWord);
    windows.postMessage({ kind: "open", version: version() });
    setInterval(askWho, ASK_MS);
  }
  if (!canKeep) tellCannotKeep();
  else if (isTyped) store.holdPage(), adopt().catch(tellCannotKeep);
  else {
    store.holdPage();
    store.forgetDiscarded().then(bringBack).catch(tellCannotKeep);
  }
})();
