// What a person draws on a frame: hints on objects without masks, corrections of those that have some.
import { post } from "./api.js";
import { rest, stopPlaying, go } from "./playback.js";
import { reload, loadVideosSoon } from "./open_video.js";
import { say } from "./panels.js";
import { changed, tell } from "./rendering.js";
import { pieces } from "./rle.js";
import { S, hasMasks, isTracked, nameOf, newObject, objects, parts } from "./state.js";

// Clicks at places (x, y) of the frame, all on the object (label 1) or off it (0).
export function click(places, label) {
  const points = places.map(([x, y]) => [Math.floor(x), Math.floor(y), label]);
  S.advice = label ? advice(points[0]) : null;
  return draw((hint) => ({ ...hint, points: [...hint.points, ...points] }));
}

// Who clicks far beyond the mask of an object often means another one, and has forgotten to begin it; or else the mask has
// gone astray, and a box says best where the object is.
function advice([x, y]) {
  const { chosen, frame } = S, hint = hasMasks(chosen) ? S.corrections.of(chosen, frame) : S.hints.of(chosen, frame);
  const mask = parts.picture.layers.find((one) => one.object_id === chosen), [, height] = parts.picture.size;
  const box = mask && pieces(mask.rle, height).box, far = box && Math.hypot(box[2] - box[0], box[3] - box[1]) / 4;
  const isFar = box && (x < box[0] - far || y < box[1] - far || x > box[2] + far || y > box[3] + far);
  const text = hasMasks(chosen) ? `Is the mask on the wrong object? Drag a box around ${nameOf(chosen)}: what lies outside then no longer counts.`
    : `This click counts for ${nameOf(chosen)}. If you meant another object, press Z to undo and N for a new one.`;
  return isFar && (hint.points.length || hasMasks(chosen)) ? { frame, text } : null;
}

export function box(found) {
  S.advice = null;
  return draw((hint) => ({ ...hint, box: found }));
}
export const trace = (path) => draw((hint) => ({ ...hint, strokes: [...hint.strokes, path] }));

export async function ask(what, body = {}) {
  try {
    return await post(`/api/videos/${S.view.card.number}/${what}`, body);
  } catch (problem) { tell(problem); return null; }
}

function draw(change) {
  if (S.view.card.problem || isBusy()) return null;
  if (S.playing) stopPlaying();
  return hasMasks(S.chosen) ? correct(change) : hint(change);
}

// Nothing can be drawn or undone now; the page says why.
function isBusy() {
  if (S.work) say("Masks are being made. Stop the work first to draw (S).", true);
  else if (S.earlier) say("These are earlier masks. Return to the current ones to draw (M).", true);
  return !!(S.work || S.earlier);
}

function hint(change) {
  const { chosen, frame } = S, drawn = change(S.hints.of(chosen, frame));
  if (!S.names.has(chosen)) S.names.set(chosen, "");
  if (chosen === S.fresh) S.fresh = null;
  return S.hints.put({ ...drawn, name: S.names.get(chosen) ?? "" }).then(() => {
    rest();
    loadVideosSoon();
    if (!isTracked()) return;
    if (S.hints.frames(chosen).includes(frame)) S.marked.set(`${frame}/${chosen}`, "add");
    else S.marked.delete(`${frame}/${chosen}`);
    changed();
  });
}

// On a mask that is there: it is redrawn, starting from what it was.
function correct(change) {
  const drawn = change(S.corrections.of(S.chosen, S.frame));
  S.suggestion = null; // the person has looked
  S.marked.delete(`${S.frame}/${S.chosen}`);
  return S.corrections.put(drawn).then(rest);
}

export const undo = () => takeBack("undo", "was");
export const redo = () => takeBack("redo", "is");

function takeBack(what, side) {
  if (isBusy()) return null;
  S.advice = null;
  const before = S.corrections[what]() ?? S.hints[what]();
  if (!before) return say(`There is nothing to ${what}.`);
  S.chosen = before.object_id;
  go(before.frame_idx);
  return before.drawn ? setMark(before, before[side]) : null;
}

// Mark an object on a frame: `to` is absent, lock, or null for neither, which puts back what was `drawn` there. Says whether
// it was done.
export async function setMark({ object_id, frame_idx, drawn }, to) {
  const key = `${frame_idx}/${object_id}`, now = S.marked.get(key) ?? null;
  if (to === now) return true;
  S.marking = ask(to ?? now, { object_id, frame_idx });  // the same mark again takes it back
  if (!await S.marking) return false;
  if (to) S.marked.set(key, to);
  else S.marked.delete(key);
  S.corrections.all.delete(key);
  S.corrections.previews.delete(frame_idx);
  if (!to && (drawn.points.length || drawn.box)) await S.corrections.put(drawn, true);
  changed();
  return true;
}

export function choose(objectId) {
  S.chosen = objectId;
  if (objectId !== S.fresh) S.fresh = null;
  changed();
  rest();
}

export function beginObject() {
  newObject();
  changed();
}

export async function remove(objectId) {
  const isDrawn = S.hints.ids.includes(objectId) || hasMasks(objectId);
  const undone = isTracked() ? " U takes that back." : " Its hints are lost.";
  if (isDrawn && !confirm(`Remove ${nameOf(objectId)} from this video?${undone}`)) return;
  if (isDrawn && !await ask("delete", { object_id: objectId })) return;
  S.hints.forget(objectId);
  S.corrections.forget(objectId);
  S.names.delete(objectId);
  if (S.fresh === objectId) S.fresh = null;
  if (isTracked()) await reload();
  S.chosen = objects()[0]?.object_id ?? newObject();
  changed();
  rest();
  loadVideosSoon();
}

export async function rename(objectId, text) {
  S.names.set(objectId, text);
  S.hints.rename(objectId, text);
  if (S.hints.ids.includes(objectId)) await ask("rename", { object_id: objectId, name: text });
  changed();
}
