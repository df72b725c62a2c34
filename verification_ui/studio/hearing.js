// What the desk tells without being asked: frames read, masks made, work begun and ended, changes on other pages.
import { PAGE, Problem } from "./api.js";
import { endFollowing, followTo, rest } from "./frames.js";
import { again, loadVideos, loadVideosSoon, open } from "./opening.js";
import { changed, show, tell } from "./showing.js";
import { S, byId, isReady, nFrames } from "./state.js";

export function hear(kind, told) {
  if (kind === "connected") return S.view ? loadVideos().then(() => open(S.view.card.number)).catch(tell) : null;
  if (kind === "film") S.reading.set(told.video, told);  // it may be told before the video is here
  if (["work", "done", "changed"].includes(kind)) loadVideosSoon();
  const isShown = kind === "changed" ? told.number === S.view?.card.number : told.video === S.view?.card.name;
  if (!isShown) return null;
  return heard[kind]?.(told);
}

const heard = {
  film(told) {
    const wasReady = isReady(S.frame);
    Object.assign(S.view, { n_ready: told.ready, is_whole: told.whole });
    if (!wasReady && isReady(S.frame)) rest();
    Object.assign(S.view.card, { problem: told.problem, fps: S.view.card.fps || told.fps });
    if (told.problem) tell(new Problem(told.problem));
    return changed();
  },
  work({ video, ...told }) {
    if (!S.work) S.masks.clear();  // another page began it
    S.work = told;
    return changed();
  },
  masks(told) {
    for (const [object_id, frame_idx, rle, quality, source, round] of told.masks) {
      S.masks.put({ object_id, frame_idx, rle, quality, source, round });
      row(object_id).quality[frame_idx] = quality;
    }
    followTo(told.masks.at(-1)[1]);
    return show();
  },
  done() {
    S.work = null;
    endFollowing();
    return again().catch(tell);
  },
  changed({ page }) {
    return page === PAGE ? null : again().catch(tell);
  },
};

// The row of an object while its masks are being made.
function row(objectId) {
  let found = S.view.lines.find((line) => line.object_id === objectId);
  if (!found) {
    found = { object_id: objectId, quality: Array(nFrames()).fill(-1), anchors: S.hints.frames(objectId) };
    S.view.lines = [...S.view.lines, found].sort((a, b) => byId(a.object_id, b.object_id));
  }
  return found;
}
