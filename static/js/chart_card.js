/* The cards of a chart: what is folded away is told on the fold, what was copied says so until it is touched, and the
   therapist's phrases go where the cursor stands.

   data-told                the words on a card's fold
   data-copied="spot/field" stands at the label of a copied value; a touch or a tap on the chosen value takes it off and
                            posts it as `confirm`
   data-still-so            a button that confirms every copied value of its card or text
   data-copied-count        how many are left
   data-snippet="id"        a phrase for the text with that id                                                         */
(() => {
  const form = document.querySelector("form[data-chart]");
  if (!form) return;

  /* ---- what the fold holds ---- */

  const WORDS = {
    has_trigger_point: { yes: "trigger point", no: "no trigger point" },
    is_familiar_pain: { yes: "familiar pain", no: "not the familiar pain" },
  };

  /* As sessions/words.py has it: a small letter in the middle of a sentence, but for capitals such as MET. */
  const lowered = (words) => (/^[A-Z]{2}/.test(words) ? words : words[0].toLowerCase() + words.slice(1));

  function tell(card) {
    const told = card.querySelector("[data-told]");
    if (!told) return;
    const said = [];
    for (const [field, words] of Object.entries(WORDS)) {
      const chosen = card.querySelector(`input[name$="-${field}"]:checked`)?.value;
      if (chosen) said.push(words[chosen]);
    }
    const refers = card.querySelector('input[name$="-refers_to"]')?.value.trim();
    if (refers) said.push(`refers to ${refers}`);
    for (const box of card.querySelectorAll('input[name$="-techniques"]:checked')) said.push(lowered(box.labels[0].textContent));
    const pressure = card.querySelector('input[name$="-pressure"]:checked')?.value;
    if (pressure) said.push(`pressure ${pressure}/10`);
    told.textContent = said.join(", ");
  }

  /* ---- what was copied ---- */

  const fieldOf = (element) => element.closest?.('[id^="div_id_"]');
  const markOf = (element) => fieldOf(element)?.querySelector("[data-copied]");

  function confirm(mark) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "confirm";
    field.value = mark.dataset.copied;
    form.append(field);
    const place = mark.closest("[data-muscle]") ?? fieldOf(mark);
    mark.remove();
    if (!place.querySelector("[data-copied]")) place.querySelector("[data-still-so]")?.remove();
    const left = form.querySelectorAll("[data-copied]").length;
    const count = form.querySelector("[data-copied-count]");
    if (count) count.textContent = left;
    form.querySelector(".copied-note")?.toggleAttribute("hidden", left === 0);
  }

  const tellChange = () => form.dispatchEvent(new Event("change"));

  form.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest?.("[data-still-so]");
      if (button) {
        event.preventDefault();
        const place = button.closest("[data-muscle]") ?? fieldOf(button);
        for (const mark of place.querySelectorAll("[data-copied]")) confirm(mark);
        tellChange();
        return;
      }
      const radio = event.target.closest?.('input[type="radio"]');
      const mark = radio && markOf(radio);
      if (mark && radio.wasChosen) {
        radio.wasChosen = false; // the same value once more says "still so": it is not taken back
        confirm(mark);
        setTimeout(tellChange); // after this click is over, or it would count as a second tap
      }
    },
    true,
  );

  for (const kind of ["input", "change"]) {
    form.addEventListener(
      kind,
      (event) => {
        const mark = event.target !== form && markOf(event.target);
        if (mark) confirm(mark);
      },
      true,
    );
    form.addEventListener(kind, (event) => {
      const card = event.target.closest?.("[data-muscle]");
      if (card) tell(card);
      else for (const each of form.querySelectorAll("[data-muscle]")) tell(each);
    });
  }
  form.addEventListener("click", (event) => {
    // "as planned" and the counters set values without an event of their own
    const card = event.target.closest?.("[data-muscle]");
    if (card) {
      const counter = event.target.closest("[data-counter]");
      const mark = counter && event.target.closest("button") && counter.querySelector("[data-copied]");
      if (mark) confirm(mark);
      tell(card);
    } else if (event.target.closest?.("[data-all-as-planned]")) {
      for (const each of form.querySelectorAll("[data-muscle]")) tell(each);
    }
  });

  /* ---- phrases ---- */

  form.addEventListener("click", (event) => {
    const phrase = event.target.closest?.("[data-snippet]");
    if (!phrase) return;
    const text = document.getElementById(phrase.dataset.snippet);
    const at = text.selectionEnd;
    const before = text.value.slice(0, at);
    const space = before === "" || /\s$/.test(before) ? "" : " ";
    text.setRangeText(space + phrase.textContent, at, at, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  });
})();
