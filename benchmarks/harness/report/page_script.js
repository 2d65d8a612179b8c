"use strict";
// Tables sort by a click on a heading: up, down, and back to the order of the plan. Rows without a number come last.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], original = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  };
  const compare = (a, b) => {
    if (typeof a !== typeof b) return 0;
    return typeof a === "number" ? a - b : a.localeCompare(b, "en", {numeric: true});
  };
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const next = {none: "ascending", ascending: "descending", descending: "none"}[head.ariaSort ?? "none"];
    for (const other of heads) other.removeAttribute("aria-sort");
    if (next === "none") return body.append(...original);
    head.setAttribute("aria-sort", next);
    const sign = next === "ascending" ? 1 : -1;
    const keyed = original.map(row => ({row, key: value(row, column)}));
    const words = keyed.some(({key}) => typeof key === "number") ? keyed.filter(({key}) => typeof key === "string") : [];
    const sorted = keyed.filter(item => !words.includes(item)).sort((a, b) => sign * compare(a.key, b.key));
    body.append(...[...sorted, ...words].map(({row}) => row));
  }));
}

// What a point of a figure stands for, beside the pointer; by touch too, which the browser's own titles are not.
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);
for (const title of document.querySelectorAll(".mark > title")) {
  title.parentNode.dataset.tip = title.textContent;
  title.remove();
}
document.addEventListener("pointerover", event => {
  const mark = event.target.closest("[data-tip]");
  tip.hidden = !mark;
  if (!mark) return;
  tip.textContent = mark.dataset.tip;
  const at = mark.getBoundingClientRect(), gap = 10;
  const left = Math.min(Math.max(at.left + at.width / 2 - tip.offsetWidth / 2, 4), innerWidth - tip.offsetWidth - 4);
  const above = at.top - tip.offsetHeight - gap;
  tip.style.left = left + "px";
  tip.style.top = (above > 4 ? above : at.bottom + gap) + "px";
});
document.addEventListener("keydown", event => { if (event.key === "Escape") tip.hidden = true; });
document.addEventListener("scroll", () => { tip.hidden = true; }, {passive: true, capture: true});
