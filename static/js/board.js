/* The day board by keyboard: arrow keys walk through visits and free times, n books, t is today. Everything they reach
   is a link, so the board works without this file.                                                                 */
(() => {
  const stops = (column) => [...column.querySelectorAll(".booking-open, .board-slot")].filter((one) => one.offsetParent);
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
    return all[all.indexOf(element) + step];
  }

  const MOVES = {
    ArrowDown: (element) => below(element, 1),
    ArrowUp: (element) => below(element, -1),
    ArrowRight: (element) => besides(element, 1),
    ArrowLeft: (element) => besides(element, -1),
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
    const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (link) {
      link.click();
      return;
    }
    const move = MOVES[event.key];
    if (!move) return;
    const here = event.target.closest(".booking-open, .board-slot");
    const next = here ? move(here) : event.target === document.body && columns().length ? stops(columns()[0])[0] : null;
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* Show the visit just written, else the present hour, unless the address points at a visit. */
  function showNow() {
    const now = document.querySelector(".board .is-said") ?? document.querySelector(".board-col .board-now");
    const board = document.querySelector(".board");
    if (now && board && !location.hash) board.scrollTop = Math.max(0, now.offsetTop - board.clientHeight / 3);
  }

  /* The board is renewed under the reader: keep where it was scrolled to. */
  let kept = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "board" && !event.detail.serverResponse.includes('id="board"')) {
      event.detail.shouldSwap = false; // signed out meanwhile: the page itself leads to the door
      location.reload();
      return;
    }
    const board = event.detail.target.id === "board" ? event.detail.target.querySelector(".board") : null;
    kept = board && { top: board.scrollTop, left: board.scrollLeft };
  });
  document.addEventListener("htmx:afterSwap", () => {
    const board = document.querySelector("#board .board");
    if (kept && board) board.scrollTo(kept);
    kept = null;
  });

  document.addEventListener("keydown", onKey);
  showNow();
})();
