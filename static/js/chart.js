/* The chart of a session: adds the minutes up, fills in what the plan says. Saving: chart_save.js. The page works without both.

   data-chart               the form; data-booked: minutes of the visit; hears "chart:touched" after every change
   data-segments            a row of radios: a second tap on the chosen one takes it back
   data-counter="5"         a number with data-less and data-more buttons
   data-muscle              a card; data-planned-minutes, data-planned-techniques: what "done as planned" fills in    */
(() => {
  const form = document.querySelector("form[data-chart]");
  if (!form) return;

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
    form.dispatchEvent(new CustomEvent("chart:touched"));
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

  rememberChosen();
  addUp();
})();
