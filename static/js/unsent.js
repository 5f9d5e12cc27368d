/* Tells of text that waits in this browser to be sent: on every page of the staff, at signing out, and beside a signed chart.

   form  data-sign-out      asks first when something waits
   data-unsent-of="id"      the page of that chart: data-address, data-keys; data-is-closed when it is signed or withdrawn    */
(async () => {
  const store = window.chartStore;
  if (!store?.isPossible() || !store.user) return;

  const here = document.querySelector("[data-unsent-of]");
  const onChart = document.querySelector("form[data-chart]")?.dataset.session;
  const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

  function element(name, fields, ...children) {
    const made = Object.assign(document.createElement(name), fields);
    made.append(...children);
    return made;
  }

  const button = (words, does, kind = "btn-secondary") => {
    const made = element("button", { type: "button", className: `btn ${kind}`, textContent: words });
    made.addEventListener("click", does);
    return made;
  };

  function notice(words, ...controls) {
    const text = element("p", { textContent: words });
    const box = element("div", { className: "notice tone-warn mb-4" }, store.icon("warn"), element("div", {}, text, element("div", { className: "cluster" }, ...controls)));
    box.setAttribute("role", "status");
    document.getElementById("main")?.prepend(box);
    return box;
  }

  function bySession(entries) {
    const found = new Map();
    for (const entry of entries) found.set(entry.session, entry);
    return [...found.values()];
  }

  /* ---- on every page ---- */

  async function tellOfOthers() {
    const waiting = bySession(await store.left(await store.list())).filter(
      (entry) => entry.session !== onChart && entry.session !== (here?.dataset.unsentOf ?? ""),
    );
    if (!waiting.length) return;
    const links = waiting.map((entry) =>
      element("a", { className: "btn btn-secondary", href: entry.address, textContent: `Chart of ${entry.visit}` }),
    );
    notice("Text that was typed into a chart and not sent waits in this browser. Open the chart to send it.", ...links);
  }

  /* ---- on the page of a chart ---- */

  async function tellOfThisChart() {
    const { unsentOf: session, address, keys } = here.dataset;
    const [entry] = await store.left(await store.list({ session }));
    if (!entry) return offerDiscarded(session);
    if (!("isClosed" in here.dataset)) {
      notice("Text that was typed into this chart and not sent waits in this browser.", element("a", { className: "btn btn-secondary", href: address, textContent: "Open the chart" }));
      return;
    }
    const text = await store.read(entry, store.keysFrom(keys));
    if (text !== null && (await isInWhatWasSigned(address, text))) return store.remove(entry);
    const look = button("Look at it", () => {
      sessionStorage.setItem("chart-adopts", entry.page);
      store.post(address, text, csrfToken());
    });
    const words = "Text that was typed here and not sent before this chart was closed waits in this browser. It is not part of the chart. Look at it, add what is missing as an amendment, then discard it.";
    const box = notice(words, ...(text === null ? [] : [look]), button("Discard it", async () => {
      if (!(await window.ask("Discard what was typed here and not sent? It can be taken back on this page."))) return;
      await store.discard(entry);
      box.remove();
      offerDiscarded(session);
    }));
  }

  async function isInWhatWasSigned(address, text) {
    const body = new URLSearchParams(text);
    body.set("csrfmiddlewaretoken", csrfToken());
    const headers = { "X-Autosave": "1", Accept: "application/json", "X-Idle-Seconds": String(window.presence?.idleSeconds() ?? 0) };
    try {
      const answer = await fetch(address, { method: "POST", body, headers, redirect: "manual" });
      return answer.status === 409 && (await answer.json()).is_same === true;
    } catch {
      return false;
    }
  }

  async function offerDiscarded(session) {
    const entry = (await store.list({ session, discarded: true })).at(-1);
    if (!entry) return;
    const box = notice("What was typed here and not sent is discarded.", button("Take that back", async () => {
      await store.takeBack(entry);
      box.remove();
      tellOfThisChart();
    }));
  }

  /* ---- signing out ---- */

  function askAtTheDoor(waiting) {
    const many = waiting.length > 1;
    const visits = waiting.map((entry) => entry.visit).join("; ");
    const dialog = element(
      "dialog",
      { className: "confirm" },
      element("h2", { id: "unsent-title", textContent: many ? `Text of ${waiting.length} charts is not sent` : "Text of a chart is not sent" }),
      element("p", { textContent: `It waits in this browser: ${visits}. Kept, it stays here, encrypted, until you sign in on this device again. Deleted, it is lost.` }),
    );
    dialog.setAttribute("aria-labelledby", "unsent-title");
    const choice = (words, value, kind) => element("button", { className: `btn ${kind}`, value, textContent: words });
    dialog.append(
      element(
        "form",
        { method: "dialog", className: "cluster" },
        choice("Keep it and sign out", "keep", "btn-primary"),
        choice("Delete it and sign out", "delete", "btn-danger"),
        choice("Stay signed in", "stay", "btn-secondary"),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        dialog.remove();
        resolve(dialog.returnValue || "stay");
      });
    });
  }

  async function signOut(form, submitter) {
    const keeping = [];
    document.dispatchEvent(new CustomEvent("unsent:keep", { detail: keeping }));
    let entries = [];
    try {
      await Promise.all(keeping);
      entries = await store.list();
    } catch {
      // The browser does not say: leaving the page asks where something is unsaved.
    }
    if (entries.length) {
      const choice = await askAtTheDoor(bySession(entries));
      if (choice !== "keep" && choice !== "delete") return;
      document.dispatchEvent(new CustomEvent("unsent:leave"));
      if (choice === "delete") for (const entry of await store.list()) await store.remove(entry);
    }
    await store.forgetDiscarded(0).catch(() => {});
    form.dataset.decided = "yes";
    form.requestSubmit(submitter);
  }

  window.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!("signOut" in form.dataset) || form.dataset.decided) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      signOut(form, event.submitter);
    },
    true,
  );
  document.querySelector("[data-not-me]")?.addEventListener("submit", () => document.dispatchEvent(new CustomEvent("unsent:leave")));

  try {
    await tellOfOthers();
    if (here) await tellOfThisChart();
  } catch {
    // A browser that forbids its store has nothing to tell.
  }
})();
