// The panels beside the picture: the next step, objects, rounds, the legend.
import { colour } from "./colours.js";
import { $, keyed, make } from "./dom.js";

export function showObjects(objects, chosen, act) {
  const old = document.activeElement;
  if (old?.matches("#objects input")) return;  // somebody is typing a name
  $("objects").replaceChildren(...objects.map((object) => make("li", { class: object.object_id === chosen ? "chosen" : false },
    make("button", {
      type: "button", class: "swatch", "aria-pressed": String(object.object_id === chosen), "aria-label": `Select object ${object.object_id}`,
      "data-colour": colour(object.object_id), onclick: () => act.choose(object.object_id),
    }, object.object_id.slice(0, 4)),
    make("input", {
      value: object.name, placeholder: object.isNew ? "new: click on it" : `object ${object.object_id} (name)`, "aria-label": `Name of object ${object.object_id}`, maxlength: 200,
      onchange: (event) => act.rename(object.object_id, event.target.value), onfocus: () => act.choose(object.object_id),
      onkeydown: (event) => { if (event.key === "Enter" || event.key === "Escape") event.target.blur(); event.stopPropagation(); },
    }),
    make("button", { type: "button", class: "quiet", "aria-label": `Remove object ${object.object_id}`, title: "Remove", onclick: () => act.remove(object.object_id) }, "×"))));
  for (const swatch of $("objects").querySelectorAll(".swatch")) swatch.style.background = swatch.dataset.colour;
}

// The one thing to do now: a heading, a sentence, buttons [label, key, act, isMain].
export function showStep({ title, text, share, buttons = [] }) {
  const row = buttons.map(([label, key, act, isMain]) =>
    make("button", { type: "button", class: isMain ? "main" : false, onclick: act }, ...(key ? keyed(label, key) : [label])));
  $("step").replaceChildren(
    make("h2", {}, title), text ? make("p", {}, text) : "",
    share == null ? "" : make("progress", { max: 1, value: share, "aria-label": title }),
    row.length ? make("div", { class: "row" }, ...row) : "");
}

// The menu of rounds whose masks can be looked at; without any round there is none. `shown` is null for the present.
export function showRounds(n, shown) {
  const menu = $("rounds");
  $("rounds-label").hidden = !n;
  const earlier = Array.from({ length: n }, (_, i) => n - 1 - i);
  const options = [["", "now"], ...earlier.map((number) => [number, number ? `after round ${number}` : "as tracked"])];
  menu.replaceChildren(...options.map(([value, text]) => make("option", { value: String(value), selected: String(value) === String(shown ?? "") }, text)));
}

export function showLegend(isTracked) {
  const rows = [["quality", "quality, low to high; empty: no mask"], ["anchor", "your hint or correction: never overwritten"], ["lock", "locked by you"], ["absent", "marked absent by you"],
    ["repair", "repaired automatically"], ["changed", "changed by the last round"], ["cut", "cut: a new shot"]];
  $("legend").replaceChildren(...(isTracked ? rows.map(([name, what]) => make("span", {}, make("i", { class: name }), what)) : []));
}

export function say(text, isBad = false) {
  const place = $(isBad ? "error" : "hint");
  place.textContent = text;
  if (!isBad) return;
  clearTimeout(place.timer);
  place.timer = setTimeout(() => { place.textContent = ""; }, 8000);
}
