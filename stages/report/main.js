// Filters, pages and keys.
const hasLists = () => OBJECTS.length > 0 || VIDEOS.length > 0;

function turn(step) {
  showList(view.page + step);
  $("lists-begin").scrollIntoView({ block: "start" });
}

for (const [id, names] of [["of-reason", FIXED.reasons], ["of-verified", FIXED.verified]]) {
  for (const [value, name] of Object.entries(names)) $(id).append(el("option", { value }, name));
}
for (const id of ["in-video", "of-object"]) $(id).addEventListener("input", () => showList());
for (const id of ["of-reason", "of-verified", "sort"]) $(id).addEventListener("change", () => showList());
$("clear").addEventListener("click", () => {
  for (const id of ["in-video", "of-object", "of-reason", "of-verified"]) $(id).value = "";
  showList();
});
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => showKind(tab.dataset.kind));
  tab.querySelector(".n").textContent = KINDS[tab.dataset.kind].all.length.toLocaleString("en");
}
for (const pager of document.querySelectorAll(".pager")) {
  pager.querySelector(".before").addEventListener("click", () => turn(-1));
  pager.querySelector(".next").addEventListener("click", () => turn(1));
}
$("large-before").addEventListener("click", () => stepDialog(-1));
$("large-next").addEventListener("click", () => stepDialog(1));
$("large-close").addEventListener("click", () => $("large").close());
$("large-points").addEventListener("click", togglePoints);
$("large").addEventListener("click", (event) => { if (event.target === $("large")) $("large").close(); });

function togglePoints() {
  const isOff = $("large").classList.toggle("no-points");
  $("large-points").setAttribute("aria-pressed", String(!isOff));
}

// Arrow keys move between the cards of the list, as Tab does.
function moveFocus(step) {
  const cards = [...$("list").querySelectorAll("button")], place = cards.indexOf(document.activeElement);
  if (place >= 0) cards[place + step]?.focus();
  return place >= 0;
}

const DIALOG_KEYS = { ArrowLeft: () => stepDialog(-1), ArrowRight: () => stepDialog(1), j: () => stepDialog(1), k: () => stepDialog(-1), p: togglePoints };
const PAGE_KEYS = { "/": () => $("in-video").focus(), n: () => turn(1), b: () => turn(-1), 1: () => showKind("looks"), 2: () => showKind("objects"), 3: () => showKind("videos") };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if ($("large").open) {
    if (!DIALOG_KEYS[event.key]) return;
    DIALOG_KEYS[event.key]();
    event.preventDefault();
  } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    if (moveFocus(event.key === "ArrowRight" ? 1 : -1)) event.preventDefault();
  } else if (PAGE_KEYS[event.key] && hasLists()) {
    PAGE_KEYS[event.key]();
    event.preventDefault();
  }
});
showList();
