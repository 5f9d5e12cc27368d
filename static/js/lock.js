/* Covers the page when nobody touched it for a while, as the practice counts it: practice/presence.py. What was typed stays
   in the page below. A page that is reloaded meets the same lock there.

   #lock  data-here    where to tell that somebody is still here       data-left   seconds until it closes
          data-idle    seconds without a touch after which it locks    data-then   "locked", or "ended" after twelve hours

   window.presence     idleSeconds(), lock(), end(); the page hears "presence:locked" and "presence:open" on document          */
(() => {
  const cover = document.getElementById("lock");
  if (!cover) return;

  const WARN_S = 60;
  const TELL_MS = 30_000;
  const { here, idle, user } = cover.dataset;
  const warning = document.getElementById("lock-warning");
  const form = cover.querySelector("[data-unlock]");
  const ended = cover.querySelector("[data-ended]");
  const said = document.getElementById("lock-said");
  const others = "BroadcastChannel" in window ? new BroadcastChannel(`presence ${user}`) : null;
  const title = document.title;

  let touchedAt = Date.now(); // opening the page was a touch
  let toldAt = Date.now();
  let closesAt = Date.now() + Number(cover.dataset.left) * 1000;
  let then = cover.dataset.then;
  let isLocked = false;
  let isAsking = false;
  let wasWarned = false;

  const idleSeconds = () => Math.floor((Date.now() - touchedAt) / 1000);
  const csrfToken = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

  /* ---- asking the practice ---- */

  function takeIn(answer) {
    if (answer.state === "locked") return lock();
    if (answer.state === "ended" || String(answer.user) !== user) return end(); // somebody else signed in meanwhile
    closesAt = Date.now() + answer.left * 1000;
    then = answer.then;
    if (answer.left > WARN_S) calm();
    if (isLocked) open();
  }

  async function tell() {
    if (isAsking) return;
    isAsking = true;
    toldAt = Date.now();
    try {
      const answer = await fetch(here, {
        method: "POST",
        headers: { "X-Idle-Seconds": String(idleSeconds()), "X-CSRFToken": csrfToken() },
        credentials: "same-origin",
        redirect: "manual", // a redirect leads to the sign-in page
      });
      if (answer.type === "opaqueredirect" || answer.status === 403) end();
      else if (answer.ok || answer.status === 401) takeIn(await answer.json());
    } catch {
      // No connection: this page counts for itself, from the last touch.
      if (then === "locked") closesAt = Math.max(closesAt, touchedAt + Number(idle) * 1000);
    } finally {
      isAsking = false;
    }
  }

  /* ---- warning ---- */

  function warn() {
    wasWarned = true;
    if (then === "ended") {
      document.getElementById("lock-warning-words").textContent =
        "You signed in twelve hours ago, so this sign-in ends in a minute. Save what you are writing.";
    }
    count();
    if (!warning.open) warning.showModal();
  }

  function count() {
    const left = Math.max(Math.round((closesAt - Date.now()) / 1000), 0);
    document.getElementById("lock-count").textContent = `${left} seconds left`;
  }

  function calm() {
    wasWarned = false;
    if (warning.open) warning.close();
  }

  async function stay() {
    touchedAt = Date.now();
    if (then === "ended") {
      warning.close();
      return;
    }
    await tell();
    others?.postMessage("look");
  }

  /* ---- locking and opening ---- */

  function show() {
    if (warning.open) warning.close();
    document.documentElement.classList.add("is-locked");
    document.title = "Locked";
    if (!cover.open) cover.showModal(); // above any dialog that is open
  }

  function lock() {
    if (isLocked) return;
    isLocked = true;
    form.hidden = false;
    ended.hidden = true;
    show();
    form.elements.password.focus();
    document.dispatchEvent(new CustomEvent("presence:locked"));
  }

  function end() {
    isLocked = true;
    form.hidden = true;
    form.reset();
    ended.hidden = false;
    const link = cover.querySelector("[data-sign-in]");
    const back = encodeURIComponent(window.location.pathname + window.location.search);
    link.href = `${link.getAttribute("href").split("?")[0]}?next=${back}`;
    cover.querySelector("[data-not-me]").hidden = true;
    show();
    document.dispatchEvent(new CustomEvent("presence:locked"));
  }

  function open() {
    isLocked = false;
    said.textContent = "";
    form.reset();
    document.documentElement.classList.remove("is-locked");
    document.title = title;
    cover.close();
    document.dispatchEvent(new CustomEvent("presence:open"));
  }

  /* The words of the practice's own page that asks for the password. */
  function refusalIn(html) {
    const found = new DOMParser().parseFromString(html, "text/html").querySelectorAll(".invalid-feedback");
    return [...new Set([...found].map((one) => one.textContent.trim()))].join(" ") || "That was not the password.";
  }

  async function unlock(event) {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    said.textContent = "";
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body,
        headers: { "X-Requested-With": "XMLHttpRequest" },
        credentials: "same-origin",
        redirect: "manual", // the right password leads on; where to, this page knows
      });
      if (answer.type === "opaqueredirect") {
        touchedAt = Date.now();
        form.reset();
        await tell();
        others?.postMessage("look");
      } else if (answer.ok) {
        said.textContent = refusalIn(await answer.text());
        form.elements.password.select();
      } else if (answer.status === 429) {
        said.textContent = "Too many attempts. Wait five minutes, then try again.";
      } else {
        end();
      }
    } catch {
      said.textContent = "No connection: the password is checked by the practice, so this page opens when it is back. What was typed is kept.";
    }
  }

  /* ---- touching ---- */

  function touched(event) {
    if (!event.isTrusted || isLocked) return;
    if (Date.now() >= closesAt) return look(); // asleep meanwhile: this touch comes too late
    touchedAt = Date.now();
    if (warning.open && then === "locked") stay();
    else if (Date.now() - toldAt > TELL_MS) tell();
  }

  async function look() {
    const left = closesAt - Date.now();
    if (isLocked) return;
    if (left <= 0) {
      if (then === "ended") end();
      else lock();
      tell(); // touched in another window meanwhile: then it opens again
    } else if (left <= WARN_S * 1000 && !wasWarned) {
      await tell(); // another window may have been touched
      if (!isLocked && closesAt - Date.now() <= WARN_S * 1000) warn();
    } else if (warning.open) {
      count();
    }
  }

  /* ---- wiring ---- */

  for (const kind of ["keydown", "pointerdown", "wheel", "touchmove", "input"]) {
    document.addEventListener(kind, touched, { capture: true, passive: true });
  }
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    show(); // Back after signing out must show nothing
    isLocked = true;
    tell();
  });
  window.addEventListener("online", () => isLocked && tell());
  setInterval(look, 1000);
  others?.addEventListener("message", () => tell());

  // A form that would meet the lock waits for the password in this page, or what was typed in it would be lost.
  window.addEventListener(
    "submit",
    (event) => {
      if (cover.contains(event.target) || event.target.method !== "post") return;
      if (!isLocked && Date.now() < closesAt) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      look();
    },
    true,
  );
  form.addEventListener("submit", unlock);
  warning.querySelector("[data-stay]").addEventListener("click", stay);
  cover.addEventListener("cancel", (event) => event.preventDefault());
  cover.addEventListener("close", () => isLocked && cover.showModal()); // Escape, pressed twice

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-Idle-Seconds"] = String(idleSeconds());
  });
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { xhr } = event.detail;
    const isDoor = xhr.responseURL.includes(cover.querySelector("[data-sign-in]").getAttribute("href").split("?")[0]);
    if (xhr.status !== 401 && !isDoor) return;
    event.preventDefault(); // nothing of it belongs into the page
    if (isDoor || !xhr.responseText.includes('"locked"')) end();
    else lock();
  });

  window.presence = { idleSeconds, lock, end };
})();
