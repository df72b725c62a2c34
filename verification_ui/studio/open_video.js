// The list of videos, and opening one.
import { Problem, get } from "./api.js";
import { FrameCache } from "./frame_cache.js";
import { frameCame, go, stopPlaying } from "./playback.js";
import { Hints } from "./hints.js";
import { Masks } from "./masks.js";
import { changed, show, tell } from "./rendering.js";
import { S, newObject, objects, parts } from "./state.js";
import { showVideos } from "./videos.js";

export async function loadVideos() {
  S.videos = await get("/api/videos");
  listVideos();
}

const listVideos = () => showVideos(S.videos, S.view?.card.number, (number) => open(number).catch(tell));

let soon = 0;
export function loadVideosSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => loadVideos().catch(() => {}), 300);
}

let latest = 0;
export async function open(number) {
  stopPlaying();
  const turn = ++latest, view = await get(`/api/videos/${number}`);
  if (turn !== latest) return;  // another one was opened meanwhile
  const isOther = S.view?.card.number !== number;
  const read = S.reading.get(view.card.name);
  if (read && (read.whole || read.ready > view.n_ready)) Object.assign(view, { n_ready: read.ready, is_whole: read.whole });
  S.view = view;
  S.names = new Map(view.objects.map((object) => [object.object_id, object.name]));
  if (isOther) begin(number, view);
  else if (!S.hints.busy) S.hints.reset(view.hints);
  S.hints.close(view.card.state === "tracked" ? view.lines.map((line) => line.object_id) : []);
  S.work = ["tracking", "correcting", "paused"].includes(view.card.state) ? { state: view.card.state, ...view.work } : null;
  S.earlier = null;
  S.corrections = new Hints(number, view.pending.filter((one) => one.kind === "clicks").map(toHint), changed, tell, "corrections");
  S.marked = new Map(view.pending.filter((one) => one.kind !== "clicks").map((one) => [`${one.frame_idx}/${one.object_id}`, one.kind]));
  if (!objects().some((object) => object.object_id === S.chosen)) S.chosen = objects()[0]?.object_id ?? newObject();
  if (view.note) tell(new Problem(view.note));
  listVideos();
  go(S.frame);
  changed();
}

function begin(number, view) {
  S.frames = new FrameCache(number, frameCame);
  S.masks = new Masks(number, show);
  S.hints = new Hints(number, view.hints, changed, tell);
  Object.assign(S, { suggestion: null, frame: 0, fresh: null, plan: null, advice: null });
  S.chosen = view.objects[0]?.object_id ?? newObject();
  parts.picture.reset([view.card.width || 16, view.card.height || 9]);
}

const toHint = (one) => ({ object_id: one.object_id, frame_idx: one.frame_idx, points: one.points, box: one.box.length ? one.box : null, strokes: [], name: "" });

// Read the open video again: its masks or hints were changed by something else than a click on this page.
export async function reload() {
  S.masks.clear();
  S.hints.previews.clear();
  await open(S.view.card.number);
  loadVideosSoon();
}

export function openBeside(by) {
  const number = S.view.card.number + by;
  if (S.videos[number]) open(number).catch(tell);
}
