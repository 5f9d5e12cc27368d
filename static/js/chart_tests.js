/* Tests before and after in a chart: the change beside a row follows what is entered. Without it the server writes the same.

   data-test        a row; data-unit: ° or min
   data-moment      before, after
   data-change      where the change is written                                                                      */
(() => {
  const reading = (part) => {
    const figure = part?.querySelector('input[type="number"]')?.value ?? "";
    return {
      value: /^\d+$/.test(figure) ? Number(figure) : null,
      result: part?.querySelector('input[type="radio"]:checked')?.value ?? "",
    };
  };

  function difference(points, unit) {
    if (points === 0) return "no change";
    const figure = `${Math.abs(points)}${unit === "°" ? "°" : unit && ` ${unit}`}`;
    return `${points > 0 ? "+" : "−"}${figure}`;
  }

  function change(row) {
    const [before, after] = ["before", "after"].map((name) => reading(row.querySelector(`[data-moment="${name}"]`)));
    const words = [];
    if (before.value !== null && after.value !== null) words.push(difference(after.value - before.value, row.dataset.unit));
    if (before.result && after.result && before.result !== after.result) words.push(`now ${after.result}`);
    if (!words.length && before.result && before.result === after.result) words.push("no change");
    return words.join(", ");
  }

  const follow = (event) => {
    const row = event.target.closest?.("[data-test]");
    if (row) row.querySelector("[data-change]").textContent = change(row);
  };
  for (const kind of ["input", "change"]) document.addEventListener(kind, follow);
  // A second tap takes a choice back without a change event of its own; the click is heard after the chart has done so.
  document.addEventListener("click", follow);
})();
