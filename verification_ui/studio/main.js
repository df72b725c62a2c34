// The studio: what is open, what is chosen, and what every action does.
import { Problem, get, listen, post } from "./api.js";
import { $ } from "./dom.js";
import { Film } from "./film.js";
import { Hints } from "./hints.js";
import { listenToKeys } from "./keyboard.js";
import { showAll } from "./keys.js";
import { Masks } from "./masks.js";
import { STATES, say, showLegend, showObjects, showVideos } from "./panels.js";
import { Picture } from "./picture.js";
import { nextStep } from "./steps.js";
import { Timeline } from "./timeline.js";

const REST_MS = 250, LARGEST_VIEW_PX = 1280, DEFAULT_FPS = 25;

const S = { videos: [], view: null, film: null, hints: null, corrections: null, masks: null, earlier: null, look: null, frame: 0, chosen: "1", names: new Map(), fresh: null,
  playing: false, speed: 1, work: null, corner: null, painted: [] };

const act = {
  click: (at, label) => drawOn((hint) => ({ ...hint, points: [...hint.points, [Math.floor(at[0]), Math.floor(at[1]), label]] })),
  box: (box) => drawOn((hint) => ({ ...hint, box })),
  trace: (path) => drawOn((hint) => ({ ...hint, strokes: [...hint.strokes, path] })),
  zoomed: (zoom) => { $("zoom").textContent = `${Math.round(zoom * 100)} %`; rest(); },
  drawn: () => { for (const done of S.painted.splice(0)) done(performance.now()); },
};
const picture = new Picture($("stage"), $("picture"), act);
const timeline = new Timeline($("timeline"), (frame, objectId) => { if (objectId) choose(objectId); go(frame); });

// ---- videos and frames

async function loadVideos() {
  S.videos = await get("/api/videos");
  showVideos(S.videos, S.view?.card.number, open);
}

async function open(number) {
  stopPlaying();
  const view = await get(`/api/videos/${number}`);
  const isOther = S.view?.card.number !== number;
  S.view = view;
  S.names = new Map(view.objects.map((object) => [object.object_id, object.name]));
  if (!isOther && !S.hints.busy) S.hints.reset(view.hints);
  if (isOther) {
    S.film = new Film(number, frameCame);
    S.masks = new Masks(number, show);
    S.hints = new Hints(number, view.hints, changed, tell);
    S.look = null;
    S.work = ["tracking", "paused"].includes(view.card.state) ? { state: view.card.state, text: "", share: 0 } : null;
    S.frame = 0;
    S.fresh = null;
    S.chosen = view.objects[0]?.object_id ?? newObject();
    if (!view.card.width) await until(() => view.card.width || view.card.problem);
    picture.reset([view.card.width || 16, view.card.height || 9]);
  }
  S.earlier = null;
  S.corrections = new Hints(number, view.pending.filter((one) => one.kind === "clicks").map(toHint), changed, tell, "corrections");
  S.said = new Map(view.pending.map((one) => [`${one.frame_idx}/${one.object_id}`, one.kind]));
  if (view.note) tell(new Problem(view.note));
  if (view.card.problem) tell(new Problem(view.card.problem));
  showVideos(S.videos, number, open);
  await go(S.frame);
  changed();
}

const toHint = (one) => ({ object_id: one.object_id, frame_idx: one.frame_idx, points: one.points, box: one.box.length ? one.box : null, strokes: [], name: "" });
const nFrames = () => Math.max(1, S.view.is_whole ? S.view.n_ready : Math.max(S.view.card.n_frames, S.view.n_ready));
const isTracked = () => S.view?.card.state === "tracked";
const hasMasks = (objectId) => isTracked() && S.view.lines.some((line) => line.object_id === objectId);
const isWaiting = () => isTracked() && (S.corrections.all.size > 0 || S.said.size > 0);

async function go(frame) {
  if (!S.view) return;
  S.frame = Math.min(nFrames() - 1, Math.max(0, frame));
  S.corner = null;
  show();
  rest();
}

function frameCame(frame, problem) {
  if (problem && frame === S.frame) tell(problem);
  if (frame === S.frame) show();
}

// Somebody looks at this frame for a moment: the desk makes it ready for clicks, and large videos are shown in full.
let restTimer = 0;
function rest() {
  clearTimeout(restTimer);
  restTimer = setTimeout(async () => {
    if (S.playing || !S.view || S.view.card.problem) return;
    const { frame } = S, hints = isTracked() ? S.corrections : S.hints, { number, width, height } = S.view.card;
    if (Math.max(width, height) > LARGEST_VIEW_PX) S.film.get(frame, true);
    try {
      const sketch = await get(`/api/videos/${number}/sketch/${frame}`);
      if (!hints.sent.has(frame) && [S.hints, S.corrections].includes(hints)) hints.sketches.set(frame, sketch);
      if (frame === S.frame) show();
    } catch (problem) { if (frame === S.frame) tell(problem); }
  }, REST_MS);
}

// ---- objects and hints

function newObject() {
  const used = [...S.names.keys(), ...(S.hints?.ids ?? [])].map(Number).filter(Number.isInteger);
  S.fresh = String(Math.max(0, ...used) + 1);
  S.chosen = S.fresh;
  return S.fresh;
}

function choose(objectId) {
  S.chosen = objectId;
  if (objectId !== S.fresh) S.fresh = null;
  changed();
}

function objects() {
  const ids = [...new Set([...S.names.keys(), ...S.hints.ids, ...(S.fresh ? [S.fresh] : [])])];
  const inOrder = ids.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return inOrder.map((id) => ({ object_id: id, name: S.names.get(id) ?? "", isNew: id === S.fresh && !S.hints.ids.includes(id) }));
}

function drawOn(change) {
  if (S.work) return say("Masks are being made; stop it to change hints.");
  if (S.playing) stopPlaying();
  if (hasMasks(S.chosen)) return correct(change);
  const hint = change(S.hints.of(S.chosen, S.frame));
  if (!S.names.has(S.chosen)) S.names.set(S.chosen, "");
  const { chosen, frame } = S;
  S.hints.put({ ...hint, name: S.names.get(chosen) ?? "" }).then(() => {
    rest();
    loadVideosSoon();
    if (!isTracked()) return;
    if (S.hints.frames(chosen).includes(frame)) S.said.set(`${frame}/${chosen}`, "add");
    else S.said.delete(`${frame}/${chosen}`);
    changed();
  });
  if (S.chosen === S.fresh) S.fresh = null;
  return null;
}

// Clicks on a mask that is there: it is drawn anew, starting from what it was.
function correct(change) {
  const hint = change(S.corrections.of(S.chosen, S.frame));
  S.said.delete(`${S.frame}/${S.chosen}`);
  showBefore(false);
  return S.corrections.put(hint).then(rest);
}

async function remove(objectId) {
  if (!confirm(`Remove object ${objectId}${S.names.get(objectId) ? ` (${S.names.get(objectId)})` : ""} from the video?`)) return;
  if (S.hints.ids.includes(objectId) || hasMasks(objectId)) {
    if (!await ask("delete", { object_id: objectId })) return;
  }
  S.hints.forget(objectId);
  S.corrections.forget(objectId);
  if (isTracked()) await again();
  S.names.delete(objectId);
  if (S.fresh === objectId) S.fresh = null;
  S.chosen = objects()[0]?.object_id ?? newObject();
  changed();
}

async function rename(objectId, text) {
  S.names.set(objectId, text);
  S.hints.rename(objectId, text);
  if (S.hints.ids.includes(objectId)) await ask("rename", { object_id: objectId, name: text });
  changed();
}

function undo() {
  const before = S.corrections.undo() ?? S.hints.undo();
  if (!before) return say("There is nothing to undo.");
  S.chosen = before.object_id;
  return go(before.frame_idx);
}

// ---- work in the background

async function ask(what, body = {}) {
  try {
    return await post(`/api/videos/${S.view.card.number}/${what}`, body);
  } catch (problem) { tell(problem); return null; }
}

async function track() {
  if (S.work || !S.hints.ids.length) return;
  if (isTracked() && !confirm("Track all objects again from their hints? The masks of this video are replaced.")) return;
  S.masks.clear();
  S.work = { state: "tracking", text: "starting", share: 0 };
  changed();
  S.starting = ask("track");
  if (!await S.starting) { S.work = null; changed(); }
}

async function refine() {
  if (S.work || !isWaiting()) return;
  S.work = { state: "tracking", text: "starting", share: 0, isRound: true };
  changed();
  S.starting = ask("refine");
  if (!await S.starting) { S.work = null; changed(); }
}

// Read the video again after a change that needed no work in the background.
async function again() {
  S.masks.clear();
  await open(S.view.card.number);
  loadVideosSoon();
}

async function undoRound() {
  if (!S.work && S.view.can_undo && await ask("undo")) {
    await again();
    say("The last round was taken back.");
  }
}

async function sayOf(kind) {
  if (S.work || !hasMasks(S.chosen)) return;
  const key = `${S.frame}/${S.chosen}`, isSaid = S.said.get(key) === kind;
  if (!await ask(kind, { object_id: S.chosen, frame_idx: S.frame })) return;
  if (isSaid) S.said.delete(key);
  else S.said.set(key, kind);
  S.corrections.all.delete(key);
  S.corrections.sketches.delete(S.frame);
  changed();
}

async function nextLook() {
  if (!isTracked() || S.work) return;
  const { look } = await get(`/api/videos/${S.view.card.number}/next?after=${S.frame}`);
  if (!look) return say("No frame stands out any more. Play the video once to be sure.");
  S.look = look;
  choose(look.object_id);
  go(look.frame_idx);
}

// Masks as they were before the last round, in the place of the present ones.
function showBefore(isOn = !S.earlier) {
  S.earlier = isOn && S.view.round ? new Masks(S.view.card.number, show, S.view.round - 1) : null;
  $("before").setAttribute("aria-pressed", String(!!S.earlier));
  show();
}

const work = async (what) => { await S.starting; await post(`/api/work/${what}`).catch(tell); };
const pauseOrGoOn = () => { if (S.work) work(S.work.state === "paused" ? "resume" : "pause"); };

function hear(kind, told) {
  if (kind === "connected") return S.view ? loadVideos().then(() => open(S.view.card.number)).catch(tell) : null;
  if (kind === "work" || kind === "done") loadVideosSoon();
  if (told.video !== S.view?.card.name) return null;
  if (kind === "film") {
    Object.assign(S.view, { n_ready: told.ready, is_whole: told.whole });
    if (told.problem) tell(new Problem(told.problem));
    return changed();
  }
  if (kind === "work") {
    S.work = { ...S.work, state: told.state, ...(told.share >= 0 ? { text: told.text, share: told.share } : {}) };
    return changed();
  }
  if (kind === "masks") {
    for (const [object_id, frame_idx, rle, quality, source, round] of told.masks) {
      S.masks.put({ object_id, frame_idx, rle, quality, source, round });
      live(object_id).quality[frame_idx] = quality;
    }
    return show();
  }
  if (kind === "done") {
    S.work = null;
    S.masks.clear();
    return open(S.view.card.number).catch(tell);
  }
  return null;
}

let soon = 0;
function loadVideosSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => loadVideos().catch(() => {}), 300);
}

// The row of an object while its masks are being made.
function live(objectId) {
  let row = S.view.lines.find((line) => line.object_id === objectId);
  if (!row) {
    row = { object_id: objectId, quality: Array(nFrames()).fill(-1), anchors: S.hints.frames(objectId) };
    S.view.lines = [...S.view.lines, row].sort((a, b) => a.object_id.length - b.object_id.length || (a.object_id < b.object_id ? -1 : 1));
  }
  return row;
}

// ---- playing

let playTimer = 0;
function play() {
  if (S.playing) return stopPlaying();
  S.playing = true;
  if (S.frame >= nFrames() - 1) S.frame = 0;
  let due = performance.now();
  const tick = () => {
    if (!S.playing) return;
    const step = 1000 / ((S.view.card.fps || DEFAULT_FPS) * S.speed), next = S.frame + 1;
    S.film.prefetch(Array.from({ length: 12 }, (_, i) => next + 12 - i).filter((frame) => frame < nFrames()));
    if (next >= nFrames()) return stopPlaying();
    if (S.film.get(next)) {
      due = Math.max(due + step, performance.now() - step);
      go(next);
    }
    playTimer = setTimeout(tick, Math.max(4, due - performance.now()));
  };
  tick();
  return changed();
}

function stopPlaying() {
  S.playing = false;
  clearTimeout(playTimer);
  if (S.view) changed();
  rest();
}

function faster(step) {
  const menu = $("speed");
  menu.selectedIndex = Math.min(menu.length - 1, Math.max(0, menu.selectedIndex + step));
  S.speed = Number(menu.value);
}

// ---- showing

function show() {
  if (!S.view) return;
  const { frame } = S, source = S.earlier ?? S.masks, sketch = S.hints.sketches.get(frame);
  const news = S.earlier ? [] : S.corrections.sketches.get(frame)?.masks ?? [], isNew = (mask) => news.some((one) => one.object_id === mask.object_id);
  const isAbsent = (mask) => S.said.get(`${frame}/${mask.object_id}`) === "absent" && !S.earlier;
  const tracked = [...source.of(frame).filter((mask) => !isNew(mask) && !isAbsent(mask)), ...news];
  picture.bitmap = S.film.has(frame, true) ?? S.film.get(frame) ?? picture.bitmap;
  const sketched = (sketch?.masks ?? []).filter((mask) => !tracked.some((other) => other.object_id === mask.object_id));
  picture.layers = [...tracked, ...sketched];
  picture.marks = [...S.hints.on(frame), ...S.corrections.on(frame)].map((hint) => ({ hint, isChosen: hint.object_id === S.chosen }));
  picture.draw();
  $("frame-number").textContent = `frame ${frame.toLocaleString("en")} of ${nFrames().toLocaleString("en")}`;
  const lines = S.view.lines.length ? S.view.lines : S.hints.ids.map((id) => ({ object_id: id, quality: [] }));
  const rows = lines.map((line) => ({ ...line, anchors: [...(line.anchors ?? []), ...S.hints.frames(line.object_id), ...S.corrections.frames(line.object_id)],
    absent: waiting(line, "absent"), locked: waiting(line, "lock") }));
  timeline.show({ n: nFrames(), frame, ready: S.view.n_ready, rows, cuts: S.view.cuts, chosen: S.chosen });
  const problem = sketch?.problems?.[S.chosen] ?? S.corrections.sketches.get(frame)?.problems?.[S.chosen];
  const said = S.said.get(`${frame}/${S.chosen}`);
  for (const kind of ["absent", "lock"]) $(kind).setAttribute("aria-pressed", String(said === kind));
  say(S.corner ? "Move the cross to the other corner, then press B." : problem ?? (S.earlier ? "Before the last round. M shows the present masks." : S.look?.frame_idx === frame ? S.look.why : ""));
}

// Frames of a row on which a person said `kind`, in a finished round or for the next one.
function waiting(line, kind) {
  const here = (frame) => S.said.get(`${frame}/${line.object_id}`);
  const news = [...S.said].filter(([key, said]) => said === kind && key.slice(key.indexOf("/") + 1) === line.object_id).map(([key]) => parseInt(key, 10));
  return [...(line[kind === "lock" ? "locked" : kind] ?? []).filter((frame) => !here(frame) || here(frame) === kind), ...news];
}

function changed() {
  if (!S.view) return;
  const { card } = S.view, state = S.work?.state ?? (isTracked() ? "tracked" : S.hints.ids.length ? "hinted" : "new");
  $("title").textContent = card.name;
  Object.assign($("state"), { textContent: STATES[state], className: `pill ${state}`, hidden: false });
  $("saved").textContent = S.hints.busy || S.corrections.busy ? "saving …" : S.hints.ids.length ? "all saved" : "";
  $("ready").textContent = S.view.is_whole ? "" : `${S.view.n_ready.toLocaleString("en")} frames read so far`;
  $("play").textContent = S.playing ? "❚❚" : "▶︎";
  $("play").setAttribute("aria-label", S.playing ? "Pause" : "Play");
  for (const id of ["absent", "lock"]) $(id).hidden = !hasMasks(S.chosen);
  $("before").hidden = !(isTracked() && S.view.round);
  showObjects(objects(), S.chosen, { choose, rename, remove });
  showLegend(isTracked() || !!S.work);
  nextStep({
    work: S.work, ids: S.hints.ids.length ? S.hints.ids : S.view.lines.map((line) => line.object_id), name: S.names.get(S.chosen) || `object ${S.chosen}`,
    isTracked: isTracked(), nWaiting: isWaiting() ? S.corrections.all.size + S.said.size : 0, round: S.view.round, canUndo: S.view.can_undo,
  }, { pause: pauseOrGoOn, stop: () => work("stop"), track, add: KEYS.n, apply: refine, undo, undoRound, next: nextLook, play });
  show();
}

function tell(problem) { say(problem.message ?? String(problem), true); }

const until = async (is) => { while (!is()) await new Promise((done) => setTimeout(done, 100)); };

// ---- the keyboard

const KEYS = {
  " ": play, n: () => { newObject(); changed(); }, z: undo, t: track, p: pauseOrGoOn, s: () => { if (S.work) work("stop"); },
  o: () => toggleMasks(), v: () => setTool("click"), d: () => setTool("trace"), c: () => picture.moveCross(0, 0), "?": showAll, j: nextLook, Enter: refine, a: () => sayOf("absent"), l: () => sayOf("lock"), u: undoRound, m: () => showBefore(),
  "+": () => picture.zoomAt(1.25), "=": () => picture.zoomAt(1.25), "-": () => picture.zoomAt(0.8), 0: () => picture.zoomAt(1e-6),
  "[": () => faster(-1), "]": () => faster(1), Home: () => go(0), End: () => go(nFrames() - 1),
  Delete: () => remove(S.chosen), Backspace: () => remove(S.chosen), r: () => document.querySelector("#objects .chosen input")?.focus(),
  PageUp: () => openBeside(-1), PageDown: () => openBeside(1),
};

function openBeside(step) {
  const number = S.view.card.number + step;
  if (S.videos[number]) open(number).catch(tell);
}

function setTool(tool) {
  picture.tool = tool;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
}

function toggleMasks() {
  picture.shown = !picture.shown;
  $("overlay").setAttribute("aria-pressed", String(picture.shown));
  picture.draw();
}

listenToKeys({ picture, act, keys: KEYS, isOpen: () => !!S.view, corner: () => S.corner, setCorner: (at) => { S.corner = at; show(); },
  step: (n) => { stopPlaying(); go(S.frame + n); }, choose: (n) => { const one = objects()[n]; if (one) choose(one.object_id); } });
for (const button of document.querySelectorAll("[data-tool]")) button.addEventListener("click", () => setTool(button.dataset.tool));
const BUTTONS = { undo, absent: KEYS.a, lock: KEYS.l, before: KEYS.m, overlay: toggleMasks, play, "show-keys": showAll, "new-object": KEYS.n, "zoom-in": KEYS["+"], "zoom-out": KEYS["-"],
  back: () => { stopPlaying(); go(S.frame - 1); }, forward: () => { stopPlaying(); go(S.frame + 1); } };
for (const [id, does] of Object.entries(BUTTONS)) $(id).addEventListener("click", () => does());
$("speed").addEventListener("change", (event) => { S.speed = Number(event.target.value); event.target.blur(); });
window.studio = { S, picture, go, times: () => S.hints.times };

listen(hear, () => say("The studio does not answer. Is pointvos studio still running?", true));

// The address may name a video by its place in the list and a frame: #2/140
const [, number = 0, frame = 0] = location.hash.match(/^#(\d+)(?:\/(\d+))?$/) ?? [];
loadVideos().then(() => open(Math.min(Number(number), S.videos.length - 1))).then(() => go(Number(frame))).catch(tell);
