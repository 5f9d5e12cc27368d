/* The body map as a picture to tap: a tap on a place ticks its checkbox. The list beside it works without this file, and
   the picture follows the list by stylesheet alone.

   data-body-map      on the part of a form that holds picture and checkboxes
   data-spot="…"      on a place of the picture: the value of its checkbox
   data-nowhere       on the box that says it is felt nowhere: it takes every mark away, and a mark takes it away      */
(() => {
  document.addEventListener("click", (event) => {
    const place = event.target.closest?.("[data-body-map] [data-spot]");
    if (!place) return;
    const map = place.closest("[data-body-map]");
    const box = map.querySelector(`input[type="checkbox"][value="${CSS.escape(place.dataset.spot)}"]`);
    if (box && !box.disabled) box.click(); // a real click: form and autosave hear input and change
  });

  document.addEventListener("change", (event) => {
    const nowhere = event.target.closest?.("[data-body-map]")?.querySelector("[data-nowhere]");
    if (!nowhere || !event.target.checked) return;
    if (event.target !== nowhere) nowhere.checked = false;
    else for (const box of nowhere.closest("[data-body-map]").querySelectorAll("input:checked")) box.checked = box === nowhere;
  });
})();
