/* Visits moved and stretched on the board, by mouse, pen or keyboard. By touch, and without this file, the page Move does it.

   A drop is a POST with the version the board showed and a key of its own; the answer is the board, or a dialog that says
   why not. Nothing moves on the screen before the practice has said yes.

   .booking[data-drop]     a visit that can be moved: where to send it, its data-version, data-starts (UTC), data-minutes
   .board-col              data-starts (the moment of its first row), data-rows, data-therapist or data-room
   form[data-board-form]   sent without leaving the board; the answer takes its place                                    */
(() => {
  const ROW = 5 * 60_000;
  const SHORTEST = 5;
  const LONGEST = 480;
  const THRESHOLD = 5; // pixels before a press becomes a drag
  const board = () => document.getElementById("board");
  const step = () => Number(board().dataset.step);
  const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;

  /* ---- words ---- */

  function say(words) {
    const region = document.getElementById("board-said");
    region.textContent = "";
    requestAnimationFrame(() => (region.textContent = words));
  }

  function clock(moment) {
    const format = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: board().dataset.zone };
    return new Intl.DateTimeFormat("en-GB", format).format(moment);
  }

  const span = (place) => `${clock(place.starts)}–${clock(place.starts + place.minutes * 60_000)}`;

  /* ---- places: a column, a start in milliseconds, a length in minutes ---- */

  const begins = (column) => Date.parse(column.dataset.starts);

  function placeOf(card) {
    return {
      column: card.closest(".board-col"),
      starts: Date.parse(card.dataset.starts),
      minutes: Number(card.dataset.minutes),
    };
  }

  const isSame = (one, other) =>
    one.column === other.column && one.starts === other.starts && one.minutes === other.minutes;

  function clamp(place) {
    const first = begins(place.column);
    const last = first + (Number(place.column.dataset.rows) - 1) * ROW;
    return { ...place, starts: Math.min(Math.max(place.starts, first), last) };
  }

  /* The practice's grid counts from midnight by the wall clock. */
  function snap(column, moment) {
    const [hours, minutes] = clock(begins(column)).split(":").map(Number);
    const sinceMidnight = hours * 60 + minutes + (moment - begins(column)) / 60_000;
    const snapped = Math.round(sinceMidnight / step()) * step();
    return begins(column) + (snapped - hours * 60 - minutes) * 60_000;
  }

  function isTaken(card, place) {
    const ends = place.starts + place.minutes * 60_000;
    return [...place.column.querySelectorAll(".booking")].some((other) => {
      const theirs = placeOf(other);
      return other !== card && theirs.starts < ends && theirs.starts + theirs.minutes * 60_000 > place.starts;
    });
  }

  /* ---- the ghost: where the visit would go, with its time ---- */

  const ghost = document.createElement("div");

  function showGhost(card, place) {
    const row = Math.max(0, Math.floor((place.starts - begins(place.column)) / ROW));
    const rows = Math.max(1, Math.min(Math.ceil(place.minutes / 5), 288));
    ghost.className = `board-ghost s${row} n${rows}`;
    ghost.textContent = isTaken(card, place) ? `${span(place)} taken` : span(place);
    if (ghost.parentElement !== place.column.querySelector(".board-slots")) {
      place.column.querySelector(".board-slots").append(ghost);
    }
    card.classList.add("is-lifted");
  }

  function clearGhost() {
    ghost.remove();
    document.querySelector(".booking.is-lifted")?.classList.remove("is-lifted");
    document.body.classList.remove("is-dragging", "is-stretching");
  }

  /* ---- sending ---- */

  /* crypto.randomUUID is not there on plain http in the practice's own network. */
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function swapBoard(html, focusId) {
    const area = document.querySelector("#board .board");
    const scroll = area && { top: area.scrollTop, left: area.scrollLeft };
    const template = document.createElement("template");
    template.innerHTML = html;
    board().replaceWith(template.content.querySelector("#board"));
    htmx.process(board());
    for (const id of ["waitlist", "waitlist-count"]) document.getElementById(id)?.replaceWith(template.content.getElementById(id));
    if (scroll) document.querySelector("#board .board")?.scrollTo(scroll);
    document.getElementById(focusId)?.focus({ preventScroll: true });
    say(document.querySelector("#board-act strong")?.textContent ?? "Done.");
  }

  function showRefusal(html, focusId) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const dialog = template.content.querySelector("dialog");
    dialog.removeAttribute("open"); // a dialog that is already open cannot be made modal
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      document.getElementById(focusId)?.focus({ preventScroll: true });
    });
    dialog.showModal();
  }

  async function send(url, body, focusId) {
    board().classList.add("is-sending");
    let answer, html;
    try {
      const headers = { "X-CSRFToken": csrfToken(), "HX-Request": "true", "HX-Target": "board", "X-Idle-Seconds": "0" };
      answer = await fetch(url, { method: "POST", body: new URLSearchParams(body), headers });
      html = await answer.text();
    } catch {
      answer = null;
    }
    clearGhost();
    board().classList.remove("is-sending");
    if (answer?.status === 401) window.presence.lock();
    else if (answer === null) sayFailed("That did not reach the practice. Nothing was changed. Check the connection and try again.");
    else if (answer.ok && html.includes('id="board"')) swapBoard(html, focusId);
    else if (html.includes('id="board-refused"')) showRefusal(html, focusId);
    else if (answer.redirected) location.reload(); // signed out meanwhile: the page itself leads to the door
    else sayFailed("That was not accepted. Nothing was changed. Reload the page and try again.");
  }

  function sayFailed(words) {
    const dialog = `<dialog class="board-dialog" id="board-refused" aria-labelledby="board-refused-title"><div class="notice tone-stop"><div><h2 class="notice-title" id="board-refused-title">${words}</h2></div></div><form method="dialog"><button class="btn btn-secondary">Close</button></form></dialog>`;
    showRefusal(dialog, document.activeElement?.id);
  }

  function drop(card, place) {
    const to = place.column.dataset;
    const body = {
      starts: `${new Date(place.starts).toISOString().slice(0, 16)}Z`,
      length: place.minutes,
      therapist: to.therapist ?? "",
      room: to.room ?? "",
      version: card.dataset.version,
      key: newKey(),
      view: board().dataset.view,
    };
    return send(card.dataset.drop, body, card.querySelector(".booking-open").id);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-board-form]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    const card = form.closest(".booking");
    const dialog = form.closest("dialog");
    const focusId = card ? card.querySelector(".booking-open").id : document.activeElement?.id;
    const body = new FormData(form);
    delete form.dataset.sending; // what takes its place can be sent again
    dialog?.close();
    send(form.action, body, focusId);
  });

  /* ---- by mouse or pen ---- */

  let drag = null;

  function rowHeight(column) {
    return column.querySelector(".board-slots").getBoundingClientRect().height / Number(column.dataset.rows);
  }

  const isGrid = () => getComputedStyle(document.querySelector(".board-slots")).display === "grid";

  function onDown(event) {
    if (event.button !== 0 || event.pointerType === "touch" || !isGrid()) return;
    const card = event.target.closest(".booking[data-drop]");
    if (!card || event.target.closest("button")) return;
    const place = placeOf(card);
    drag = {
      card,
      from: place,
      to: place,
      isStretch: Boolean(event.target.closest(".booking-edge")),
      x: event.clientX,
      y: event.clientY,
      grip: event.clientY - card.getBoundingClientRect().top,
      isMoving: false,
    };
  }

  function columnAt(x) {
    const all = [...document.querySelectorAll(".board-col")];
    return all.find((one) => one.getBoundingClientRect().right > x) ?? all.at(-1);
  }

  function momentAt(column, y) {
    const top = column.querySelector(".board-slots").getBoundingClientRect().top;
    return begins(column) + ((y - top) / rowHeight(column)) * ROW;
  }

  function target(event) {
    if (drag.isStretch) {
      const ends = momentAt(drag.from.column, event.clientY);
      const minutes = Math.round((ends - drag.from.starts) / ROW) * 5;
      return { ...drag.from, minutes: Math.min(Math.max(minutes, SHORTEST), LONGEST) };
    }
    let column = columnAt(event.clientX);
    if (!column.dataset.therapist && !column.dataset.room) column = drag.from.column;
    return clamp({ ...drag.from, column, starts: snap(column, momentAt(column, event.clientY - drag.grip)) });
  }

  function scrollAtEdge(event) {
    const area = document.querySelector("#board .board");
    const box = area.getBoundingClientRect();
    if (event.clientY > box.bottom - 30) area.scrollTop += 12;
    else if (event.clientY < box.top + 70) area.scrollTop -= 12;
    if (event.clientX > box.right - 30) area.scrollLeft += 12;
    else if (event.clientX < box.left + 80) area.scrollLeft -= 12;
  }

  function onMove(event) {
    if (!drag) return;
    if (!drag.isMoving && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < THRESHOLD) return;
    drag.isMoving = true;
    document.body.classList.add("is-dragging");
    document.body.classList.toggle("is-stretching", drag.isStretch);
    scrollAtEdge(event);
    drag.to = target(event);
    showGhost(drag.card, drag.to);
  }

  function onUp() {
    if (!drag) return;
    const { card, from, to, isMoving } = drag;
    drag = null;
    if (!isMoving) return;
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true })); // no click comes when it ended elsewhere
    if (isSame(from, to)) clearGhost();
    else drop(card, to);
  }

  function swallow(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  function cancelDrag() {
    drag = null;
    clearGhost();
  }

  document.addEventListener("pointerdown", onDown);
  document.addEventListener("pointermove", onMove);
  document.addEventListener("pointerup", onUp);
  document.addEventListener("pointercancel", cancelDrag);
  document.addEventListener("dragstart", (event) => {
    if (event.target.closest?.(".booking")) event.preventDefault();
  });

  /* ---- by keyboard: Alt and arrows lift the visit, Enter saves, Escape puts it back ---- */

  let lifted = null;

  function nextColumn(column, by) {
    const all = [...document.querySelectorAll(".board-col")].filter((one) => one.dataset.therapist || one.dataset.room);
    return all[all.indexOf(column) + by] ?? column;
  }

  function toColumn(place, by) {
    const column = nextColumn(place.column, by);
    return { ...place, column, starts: place.starts - begins(place.column) + begins(column) };
  }

  const later = (place, by) => ({ ...place, starts: place.starts + by * step() * 60_000 });

  const longer = (place, by) => ({
    ...place,
    minutes: Math.min(Math.max(place.minutes + by * 5, SHORTEST), LONGEST),
  });

  const SHIFTS = {
    ArrowUp: (place) => later(place, -1),
    ArrowDown: (place) => later(place, 1),
    ArrowLeft: (place) => toColumn(place, -1),
    ArrowRight: (place) => toColumn(place, 1),
  };
  const STRETCHES = { ArrowUp: (place) => longer(place, -1), ArrowDown: (place) => longer(place, 1) };

  function shift(card, change) {
    if (lifted?.card !== card) lifted = { card, from: placeOf(card), to: placeOf(card) };
    lifted.to = clamp(change(lifted.to));
    showGhost(card, lifted.to);
    ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
    const taken = isTaken(card, lifted.to) ? " That time is taken." : "";
    say(`${card.dataset.name}: ${span(lifted.to)}, ${lifted.to.column.dataset.name}.${taken} Enter saves, Escape puts it back.`);
  }

  function putBack() {
    const { card } = lifted;
    lifted = null;
    clearGhost();
    say(`${card.dataset.name} stays as it was.`);
  }

  function save() {
    const { card, from, to } = lifted;
    lifted = null;
    if (isSame(from, to)) clearGhost();
    else drop(card, to);
  }

  function onKey(event) {
    if (event.key === "Escape" && (drag || lifted)) {
      event.preventDefault();
      event.stopPropagation();
      if (drag) cancelDrag();
      else putBack();
      return;
    }
    const card = event.target.closest?.(".booking[data-drop]");
    if (!card || !event.target.matches(".booking-open")) return;
    if (event.key === "Enter" && lifted) {
      event.preventDefault();
      save();
    } else if (event.altKey && !event.ctrlKey && !event.metaKey) {
      const change = (event.shiftKey ? STRETCHES : SHIFTS)[event.key];
      if (!change) return;
      event.preventDefault();
      shift(card, change);
    }
  }

  document.addEventListener("keydown", onKey, true);
  document.addEventListener("focusout", (event) => {
    if (lifted && lifted.card.contains(event.target)) putBack();
  });
})();
