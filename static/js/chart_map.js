/* The body map of a chart: a tap on a muscle, or its button in the list, opens its card over the page. The card is the
   same part of the form that stands below the map, so whatever saves the chart saves it. Without this file the list
   leads to the cards and adds them.

   data-chart-views="name"  buttons that choose how the muscles are laid out; the choice is kept in a cookie of that name
   data-chart-map           the map; data-blank: where empty cards of the other muscles come from
   data-spot, data-badge    a muscle of the picture and its number: `left:piriformis`
   data-place               its button in the list; data-name, data-planned: minutes, data-refers: places of the pain map
   data-cards               where the cards stand on the page                                                        */
(() => {
  const form = document.querySelector("form[data-chart]");
  if (!form) return;

  form.querySelector("[data-chart-views]")?.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const secure = window.location.protocol === "https:" ? "; secure" : "";
    const cookie = event.currentTarget.dataset.chartViews;
    // biome-ignore lint/suspicious/noDocumentCookie: how the page is laid out, nothing else
    document.cookie = `${cookie}=${button.value.split(":")[1]}; path=/sessions/; max-age=31536000; samesite=lax${secure}`;
  });

  const map = form.querySelector("[data-chart-map]");
  if (!map) return;

  const MOST = 4;
  const dialog = map.querySelector("[data-card-dialog]");
  const slot = dialog.querySelector("[data-card-slot]");
  const cards = form.querySelector("[data-cards]");
  const places = new Map([...map.querySelectorAll("[data-place]")].map((button) => [button.dataset.place, button]));
  let open = null; // { spot, card, gap }: the card in the dialog and where it came from

  const prefixOf = (spot) => spot.replace(":", "-");
  const cardOf = (spot) => document.getElementById(prefixOf(spot));

  /* ---- what the picture and the list say ---- */

  function read(spot) {
    if (!cardOf(spot)) return null;
    const value = (name) => form.elements[`${prefixOf(spot)}-${name}`]?.value ?? "";
    const names = ["tone", "tenderness", "has_trigger_point", "is_familiar_pain", "refers_to", "pressure", "response"];
    const techniques = form.querySelector(`[name="${prefixOf(spot)}-techniques"]:checked`);
    const minutes = Number.parseInt(value("minutes"), 10) || 0;
    return {
      tenderness: value("tenderness") === "" ? null : Math.min(Number(value("tenderness")), MOST),
      isFamiliar: value("is_familiar_pain") === "yes",
      minutes,
      isRecorded: minutes > 0 || Boolean(techniques) || names.some((name) => value(name) !== ""),
    };
  }

  // The same words and signs as anatomy.drawing.MuscleMark gives when the page is made.
  function wordsOf(mark, planned) {
    const words = [];
    if (mark.tenderness !== null) words.push(`tenderness ${mark.tenderness} of ${MOST}`);
    if (mark.isFamiliar) words.push("familiar pain");
    if (mark.minutes > 0) words.push(`${mark.minutes} min`);
    if (words.length > 0) return words.join(", ");
    if (mark.isRecorded) return "recorded";
    return planned === undefined ? "nothing entered yet" : `planned, ${planned} min`;
  }

  function shadeOf(mark) {
    if (mark.tenderness !== null) return String(mark.tenderness);
    return mark.isRecorded ? "seen" : "open";
  }

  const SIGNS = { seen: "•", open: "–" };

  function paint(spot, button) {
    const mark = read(spot);
    const { name, planned } = button.dataset;
    const shade = mark ? shadeOf(mark) : "";
    const sign = shade === "open" && planned !== undefined ? "P" : (SIGNS[shade] ?? shade);
    button.classList.toggle("is-on", Boolean(mark));
    button.classList.toggle("is-familiar", Boolean(mark?.isFamiliar));
    button.querySelector("[data-place-badge]").textContent = sign;
    const muscle = name.slice(name.indexOf(" ")); // the side stands before it, to be seen
    button.querySelector("[data-place-words]").textContent = `${muscle}: ${mark ? wordsOf(mark, planned) : "not on the chart"}`;
    for (const shape of map.querySelectorAll(`[data-spot="${spot}"]`)) {
      shape.setAttribute("class", `bm-muscle${mark ? ` is-on bm-shade-${shade}` : ""}${open?.spot === spot ? " is-open" : ""}`);
    }
    for (const badge of map.querySelectorAll(`[data-badge="${spot}"]`)) {
      badge.setAttribute("class", `bm-badge${mark ? "" : " is-absent"}${mark?.isFamiliar ? " is-familiar" : ""}`);
      badge.querySelector("text").textContent = sign;
    }
  }

  function paintAll() {
    for (const [spot, button] of places) paint(spot, button);
    for (const count of map.querySelectorAll("[data-aspect]")) {
      const shown = map.querySelectorAll(`[data-pair="${count.dataset.aspect}"] .bm-muscle.is-on`);
      const number = new Set([...shown].map((muscle) => muscle.dataset.spot)).size;
      count.textContent = number ? ` · ${number}` : "";
    }
  }

  /* ---- the usual referral beside what the client marked ---- */

  const figure = document.querySelector("[data-pain-figure]");
  const aside = document.querySelector("[data-refers-said]");

  function showReferral(spot) {
    if (!figure) return;
    const { name, refers, refersWords } = places.get(spot).dataset;
    const wanted = refers.split(" ");
    for (const shape of document.querySelectorAll(".bm-referral")) {
      shape.classList.toggle("is-shown", wanted.includes(shape.dataset.refers));
    }
    const marked = [...figure.querySelectorAll(".bm-region.is-on")].filter((one) => wanted.includes(one.dataset.spot));
    const also = [...new Set(marked.map((one) => one.querySelector("title").textContent.toLowerCase()))];
    const words = `Typical referral (Travell & Simons): ${refersWords}.${also.length ? ` Also marked by the client: ${also.join(", ")}.` : ""}`;
    aside.textContent = `${name}, hatched. ${words}`;
    aside.hidden = false;
    return words;
  }

  function copyOfFigure(words) {
    const copy = figure.querySelector(".bm-views").cloneNode(true);
    for (const part of copy.querySelectorAll("defs, pattern")) part.remove(); // those of the page serve both
    for (const part of copy.querySelectorAll("[id]")) part.removeAttribute("id");
    for (const picture of copy.children) picture.setAttribute("aria-hidden", "true");
    const said = document.createElement("p");
    said.textContent = words;
    return [said, copy];
  }

  /* ---- empty cards for muscles that are not on the chart ---- */

  let blanks = null;

  function blankCards() {
    blanks ??= fetch(new URL(map.dataset.blank, window.location.href), { credentials: "same-origin", redirect: "manual" })
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error("refused"))))
      .then((html) => {
        const holder = document.createElement("template");
        holder.innerHTML = html;
        return holder.content;
      })
      .catch((error) => {
        blanks = null; // the next tap tries again
        throw error;
      });
    return blanks;
  }

  async function added(spot) {
    const found = (await blankCards()).querySelector(`template[data-card="${spot}"]`);
    if (!found) throw new Error("unknown");
    if (!cardOf(spot)) {
      for (const words of cards.querySelectorAll(":scope > p")) words.remove(); // “no muscle is on this chart yet”
      cards.append(document.importNode(found.content, true));
    }
    return cardOf(spot);
  }

  function tellProblem(words) {
    let notice = map.querySelector("[data-map-problem]");
    if (!notice) {
      notice = document.createElement("p");
      notice.className = "notice tone-warn";
      notice.dataset.mapProblem = "";
      notice.setAttribute("role", "alert");
      map.prepend(notice);
    }
    notice.textContent = words;
  }

  /* ---- opening and closing ---- */

  const canBeReached = (element) => element.getClientRects().length > 0;

  async function openCard(spot) {
    let card = cardOf(spot);
    try {
      card ??= await added(spot);
    } catch {
      tellProblem(`${places.get(spot).dataset.name} cannot be opened without a connection. Muscles on the chart can.`);
      return;
    }
    map.querySelector("[data-map-problem]")?.remove();
    if (dialog.open) putBack();
    const gap = document.createElement("span");
    card.replaceWith(gap);
    slot.append(card);
    const fold = card.querySelector(".muscle-more");
    open = { spot, card, gap, fold, wasOpen: fold?.open };
    if (fold) fold.open = true; // here is room for all of it
    dialog.querySelector("[data-card-name]").textContent = places.get(spot).dataset.name;
    const words = showReferral(spot);
    if (words) dialog.querySelector("[data-card-refers]").replaceChildren(...copyOfFigure(words));
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    paintAll();
    [...card.querySelectorAll("input")].find((field) => field.type !== "hidden" && canBeReached(field))?.focus();
  }

  function putBack() {
    if (open.fold) open.fold.open = open.wasOpen;
    open.gap.replaceWith(open.card);
    open = null;
  }

  dialog.addEventListener("close", () => {
    if (!open) return;
    const button = places.get(open.spot);
    putBack();
    paintAll();
    button.focus({ preventScroll: true });
  });
  dialog.addEventListener("keydown", (event) => {
    // Enter in a field would send the whole chart and lose the place on the map; here it means: done.
    if (event.key === "Enter" && event.target.matches("input, select")) {
      event.preventDefault();
      dialog.close();
    }
  });

  map.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-card-close]")) {
      dialog.close();
      return;
    }
    const muscle = event.target.closest("[data-spot]");
    const button = event.target.closest("[data-place]");
    if (!muscle && !button) return;
    event.preventDefault();
    openCard(muscle ? muscle.dataset.spot : button.dataset.place);
  });
  form.addEventListener("click", (event) => {
    const other = event.target.closest('[data-muscle] button[name="act"][value^="add:"]');
    if (!other) return;
    event.preventDefault();
    openCard(other.value.slice("add:".length));
  });

  /* ---- live ---- */

  // Which side of the body is shown is not part of the chart: the form must not take it for a change.
  for (const kind of ["input", "change"]) {
    map.querySelector("[data-map-view]").addEventListener(kind, (event) => event.stopPropagation());
    form.addEventListener(kind, () => requestAnimationFrame(paintAll));
  }
  form.addEventListener("click", () => requestAnimationFrame(paintAll)); // counters and “as planned” fill fields without an event
  for (const button of places.values()) button.setAttribute("aria-haspopup", "dialog");
  paintAll();
  (window.requestIdleCallback ?? ((task) => setTimeout(task, 500)))(() => blankCards().catch(() => {}));
})();
