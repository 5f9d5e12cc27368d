/* The day board by keyboard, its search, and how it renews itself. Everything the keys reach is a link or a button, so the
   board works without this file. Moving visits: board_drag.js.

   data-key="n"            on a link or button: the key that presses it
   data-opens="id"         on a button: opens that dialog          data-closes   on a button: closes its dialog            */
(() => {
  const board = () => document.getElementById("board");
  const isPicking = () => board()?.classList.contains("is-picking");

  /* ---- walking ---- */

  const STOPS = ".booking-open, .board-slot";
  const stops = (column) => {
    const all = [...column.querySelectorAll(STOPS)].filter((one) => one.offsetParent);
    const fitting = isPicking() ? all.filter((one) => one.matches(".is-fit")) : all;
    return fitting.length ? fitting : all;
  };
  const columns = () => [...document.querySelectorAll(".board-col")];
  const middle = (element) => {
    const box = (element.closest(".booking") ?? element).getBoundingClientRect();
    return box.top + Math.min(box.height, 30) / 2;
  };

  function besides(element, step) {
    const all = columns();
    const there = all[all.indexOf(element.closest(".board-col")) + step];
    if (!there) return null;
    const wanted = middle(element);
    return stops(there).reduce(
      (best, one) => (best && Math.abs(middle(best) - wanted) <= Math.abs(middle(one) - wanted) ? best : one),
      null,
    );
  }

  function below(element, step) {
    const all = stops(element.closest(".board-col"));
    const at = all.indexOf(element);
    return at < 0 ? all[0] : all[at + step];
  }

  const MOVES = {
    ArrowDown: (element) => below(element, 1),
    ArrowUp: (element) => below(element, -1),
    ArrowRight: (element) => besides(element, 1),
    ArrowLeft: (element) => besides(element, -1),
  };

  function goTo(element) {
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* Where the arrows begin: at the first time that fits, else at what comes next today, else at the top. */
  function firstStop() {
    const fitting = document.querySelector(".is-picking .board-slot.is-fit");
    const first = columns().find((column) => stops(column).length);
    return fitting ?? (first ? stops(first)[0] : null);
  }

  /* ---- keys ---- */

  /* Single letters can be switched off in this browser: whoever dictates presses them without wanting to. */
  const letters = document.getElementById("board-keys-on");

  function readLetters() {
    try {
      letters.checked = localStorage.getItem("board-letters") !== "off";
    } catch {
      // Storage may be forbidden: the choice then lasts as long as the page.
    }
  }

  letters.addEventListener("change", () => {
    try {
      localStorage.setItem("board-letters", letters.checked ? "on" : "off");
    } catch {
      // As above.
    }
  });

  function press(key) {
    const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!control) return false;
    control.click();
    return true;
  }

  function arrive(link) {
    const button = link.closest(".booking")?.querySelector(".booking-arrive button");
    button?.click();
    return Boolean(button);
  }

  function onKey(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog[open], [popover]:popover-open")) return;
    if (event.key.length === 1 && !letters.checked) return;
    const here = event.target.closest(STOPS);
    if (event.key === "a" && here && arrive(here)) return event.preventDefault();
    if (press(event.key)) return event.preventDefault();
    const move = MOVES[event.key];
    if (!move) return;
    const next = here ? move(here) : event.target.closest(".board, body") && !event.target.closest("a, button") ? firstStop() : null;
    if (!next) return;
    event.preventDefault();
    goTo(next);
  }

  /* ---- the search in the bar above: arrow keys walk through what was found, Enter takes the first ---- */

  const field = document.getElementById("board-q");
  const found = () => document.getElementById("found");
  const hits = () => [...found().querySelectorAll(".found-client, .found-new")];

  function closeFound() {
    found().hidden = true;
  }

  function onFieldKey(event) {
    if (event.key === "ArrowDown") {
      if (!hits().length) return;
      event.preventDefault();
      found().hidden = false;
      hits()[0].focus();
    } else if (event.key === "Enter") {
      const isFresh = !found().hidden && found().dataset.query === field.value.trim();
      if (!isFresh || !hits().length) return; // the form leads to the page that asks who it is for
      event.preventDefault();
      hits()[0].click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      closeFound();
      field.blur();
    }
  }

  function onFoundKey(event) {
    const at = hits().indexOf(event.target.closest(".found-client, .found-new"));
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      closeFound();
      field.focus();
    } else if (at >= 0 && event.key === "ArrowDown") {
      event.preventDefault();
      hits()[at + 1]?.focus();
    } else if (at >= 0 && event.key === "ArrowUp") {
      event.preventDefault();
      (hits()[at - 1] ?? field).focus();
    }
  }

  field?.addEventListener("keydown", onFieldKey);
  field?.addEventListener("focus", () => {
    if (found().dataset.query) found().hidden = false;
  });
  field?.form.addEventListener("keydown", (event) => {
    if (event.target.closest("#found")) onFoundKey(event);
  });
  document.addEventListener("pointerdown", (event) => {
    if (field && !event.target.closest(".finder")) closeFound();
  });

  /* ---- dialogs ---- */

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    event.target.closest("[data-closes]")?.closest("dialog").close();
  });

  /* ---- renewing: never under a hand that is busy; scroll and focus stay where they were ---- */

  const isBusy = () =>
    Boolean(document.querySelector("dialog[open], .board-ghost, .board-holder.is-sending, [popover]:popover-open"));

  let kept = null;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "board" && isBusy()) event.preventDefault(); // asked again in 20 s
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "board") return;
    if (isBusy()) {
      event.detail.shouldSwap = false;
      return;
    }
    if (event.detail.xhr.status !== 204 && !event.detail.serverResponse.includes('id="board"')) {
      event.detail.shouldSwap = false; // signed out meanwhile: the page itself leads to the door
      location.reload();
      return;
    }
    const area = event.detail.target.querySelector(".board");
    kept = { scroll: area && { top: area.scrollTop, left: area.scrollLeft }, focus: document.activeElement?.id };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!kept || !board()) return;
    if (kept.scroll) board().querySelector(".board")?.scrollTo(kept.scroll);
    if (kept.focus && document.activeElement === document.body) {
      document.getElementById(kept.focus)?.focus({ preventScroll: true });
    }
    kept = null;
  });

  /* Show the visit just written, else the present hour, unless the address points at a visit. */
  function showNow() {
    const now = document.querySelector(".board .is-said") ?? document.querySelector(".board-col .board-now");
    const area = document.querySelector(".board");
    if (now && area && !location.hash) area.scrollTop = Math.max(0, now.offsetTop - area.clientHeight / 3);
  }

  document.addEventListener("keydown", onKey);
  readLetters();
  showNow();
  if (isPicking()) {
    const first = firstStop();
    if (first) goTo(first);
  } else if (location.hash.startsWith("#visit-")) {
    document.getElementById(location.hash.slice(1))?.querySelector(".booking-open")?.focus({ preventScroll: true });
  } else if (document.querySelector(".booking.is-said")) {
    document.querySelector(".booking.is-said .booking-open").focus({ preventScroll: true });
  }
})();
