// The studio: binds what the modules do to the mouse, the keys and the buttons, and opens the first video.
import { listen } from "./api.js";
import { $ } from "./dom.js";
import * as drawing from "./drawing.js";
import { asked, faster, follow, go, play, rest, step, stopPlaying } from "./playback.js";
import { handleEvent } from "./event_handlers.js";
import { listenToKeys } from "./keyboard.js";
import { showAll } from "./keys.js";
import { loadVideos, open, openBeside } from "./open_video.js";
import { say } from "./panels.js";
import { Picture } from "./picture.js";
import * as rounds from "./rounds.js";
import { changed, actions, show, tell } from "./rendering.js";
import { S, nFrames, objects, parts } from "./state.js";
import { Timeline } from "./timeline.js";
import { filterVideos } from "./videos.js";

const act = {
  click: drawing.click, box: drawing.box, trace: drawing.trace,
  zoomed: (zoom) => { $("zoom").textContent = `${Math.round(zoom * 100)} %`; rest(); },
  drawn: () => { for (const done of S.painted.splice(0)) done(performance.now()); },
};
const picture = parts.picture = new Picture($("stage"), $("picture"), act);
parts.timeline = new Timeline($("timeline"), (frame, objectId) => { if (objectId) drawing.choose(objectId); go(frame); });

function setTool(tool) {
  picture.tool = tool;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
}

function toggleMasks() {
  picture.shown = !picture.shown;
  $("overlay").setAttribute("aria-pressed", String(picture.shown));
  picture.draw();
}

const zoom = (factor) => picture.zoomAt(factor);
const KEYS = {
  " ": play, Home: () => go(0), End: () => go(nFrames() - 1), g: () => { $("frame-number").focus(); $("frame-number").select(); }, "[": () => faster(-1), "]": () => faster(1),
  n: drawing.beginObject, z: drawing.undo, y: drawing.redo, f: follow, r: () => document.querySelector("#objects .chosen input")?.focus(),
  Delete: () => drawing.remove(S.chosen), Backspace: () => drawing.remove(S.chosen),
  t: rounds.track, p: rounds.togglePause, s: rounds.stop, j: rounds.suggestNext, Enter: rounds.refine, u: rounds.undoRound, m: rounds.before,
  a: () => rounds.toggleMark("absent"), l: () => rounds.toggleMark("lock"),
  o: toggleMasks, v: () => setTool("click"), x: () => setTool("off"), d: () => setTool("trace"), c: () => { picture.moveCross(0, 0); changed(); }, "?": showAll,
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => zoom(1e-6),
  "/": () => $("filter").focus(), PageUp: () => openBeside(-1), PageDown: () => openBeside(1),
};
Object.assign(actions, {
  pause: rounds.togglePause, stop: rounds.stop, track: rounds.track, add: drawing.beginObject, apply: rounds.refine, undo: drawing.undo,
  undoRound: rounds.undoRound, follow, next: rounds.suggestNext, play, choose: drawing.choose, rename: drawing.rename, remove: drawing.remove,
});

listenToKeys({
  picture, act, keys: KEYS, isOpen: () => !!S.view, corner: () => S.corner, setCorner: (at) => { S.corner = at; changed(); }, step,
  choose: (n) => { const one = objects()[n]; if (one) drawing.choose(one.object_id); },
});
const BUTTONS = {
  undo: drawing.undo, absent: KEYS.a, lock: KEYS.l, overlay: toggleMasks, play, "show-keys": showAll, "new-object": KEYS.n,
  "zoom-in": KEYS["+"], "zoom-out": KEYS["-"], back: () => step(-1), forward: () => step(1),
};
for (const [id, acts] of Object.entries(BUTTONS)) $(id).addEventListener("click", () => acts());
for (const button of document.querySelectorAll("[data-tool]")) button.addEventListener("click", () => setTool(button.dataset.tool));
$("speed").addEventListener("change", (event) => { S.speed = Number(event.target.value); event.target.blur(); });
$("rounds").addEventListener("change", (event) => { rounds.showRound(event.target.value === "" ? null : Number(event.target.value)); event.target.blur(); });
const goToTyped = () => { stopPlaying(); go(Math.round(Number($("frame-number").value)) || 0); };
$("frame-number").addEventListener("change", goToTyped);
$("frame-number").addEventListener("keydown", (event) => {
  if (event.key === "Enter") goToTyped();
  if (event.key === "Enter" || event.key === "Escape") event.target.blur();
});
$("frame-number").addEventListener("blur", show);
$("filter").addEventListener("input", (event) => filterVideos(event.target.value));
$("filter").addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") event.target.blur(); });
window.studio = { S, picture, go, times: () => S.hints.times };

listen(handleEvent, (problem) => say(problem.message, true));

async function openAsked() {
  const { number, frame, objectId } = asked();
  await open(number);
  if (objectId && objects().some((one) => one.object_id === objectId)) drawing.choose(objectId);
  go(frame);
}
loadVideos().then(openAsked).catch(tell);
addEventListener("hashchange", () => openAsked().catch(tell));  // another address was put into this window
