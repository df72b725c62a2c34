// What every key does, in one table: the page listens by it, and shows it.
import { $, make } from "./dom.js";

export const GROUPS = [
  ["Frames", [
    ["← →", "one frame (Shift: ten)"], ["Home End", "first, last frame"], ["G", "go to a frame number"], ["Space", "play, pause"], ["[ ]", "slower, faster"],
    ["+ − 0", "zoom in, out, whole frame (or the wheel)"], ["Alt + arrows", "move the zoomed frame (or Alt + drag)"], ["F", "newest masks, while tracking"], ["O", "masks on, off"],
  ]],
  ["Objects", [
    ["left click", "on the object"], ["right click", "off the object (drag: several)"], ["drag", "a box around it"], ["Shift + drag", "draw along it"],
    ["V X D", "click on it, off it, trace"], ["N", "new object"], ["1 … 9", "select an object"], ["R", "rename"], ["Delete", "remove the object"], ["Z Y", "undo, redo"],
  ]],
  ["Without a mouse", [
    ["C", "cross for clicks: arrows move it"], ["Enter", "on the object"], ["X", "off the object"], ["B", "corner of a box, twice"], ["Esc", "hide the cross"],
  ]],
  ["Masks", [
    ["T", "track"], ["P", "pause, continue"], ["S", "stop"], ["J", "next frame to check"], ["Enter", "apply corrections"],
    ["A", "object is absent here"], ["L", "mask is right: lock it"], ["U", "undo the last round"], ["M", "before the last round, now"],
  ]],
  ["Videos", [["Page Up Page Down", "previous, next video"], ["/", "filter the list of videos"]]],
];

export function showAll() {
  const dialog = $("all-keys");
  dialog.replaceChildren(
    ...GROUPS.flatMap(([title, rows]) => [
      make("h2", {}, title),
      make("dl", {}, ...rows.map(([keys, what]) => make("div", {}, make("dt", {}, make("kbd", {}, keys)), make("dd", {}, what)))),
    ]),
    make("button", { type: "button", onclick: () => dialog.close() }, "Close"),
  );
  dialog.showModal();
}

export function showHints(pairs) {
  $("keys").replaceChildren(...pairs.map(([key, what]) => make("span", {}, make("kbd", {}, key), ` ${what}`)));
}
