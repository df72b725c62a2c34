// Events from the server: frames read, masks made, work begun and ended, changes on other pages.
import { PAGE, Problem } from "./api.js";
import { endFollowing, followTo, rest } from "./playback.js";
import { reload, loadVideos, loadVideosSoon, open } from "./open_video.js";
import { changed, show, tell } from "./rendering.js";
import { S, byId, isReady, nFrames } from "./state.js";

export function handleEvent(kind, event) {
  if (kind === "connected") return S.view ? loadVideos().then(() => open(S.view.card.number)).catch(tell) : null;
  if (kind === "frames") S.reading.set(event.video, event);  // it may arrive before the video is open
  if (["work", "done", "changed"].includes(kind)) loadVideosSoon();
  const isShown = kind === "changed" ? event.number === S.view?.card.number : event.video === S.view?.card.name;
  if (!isShown) return null;
  return HANDLERS[kind]?.(event);
}

const HANDLERS = {
  frames(event) {
    const wasReady = isReady(S.frame);
    Object.assign(S.view, { n_ready: event.ready, is_whole: event.whole });
    if (!wasReady && isReady(S.frame)) rest();
    Object.assign(S.view.card, { problem: event.problem, fps: S.view.card.fps || event.fps });
    if (event.problem) tell(new Problem(event.problem));
    return changed();
  },
  work({ video, ...event }) {
    if (!S.work) S.masks.clear();  // another page began it
    S.work = event;
    return changed();
  },
  masks(event) {
    for (const [object_id, frame_idx, rle, quality, source, round] of event.masks) {
      S.masks.put({ object_id, frame_idx, rle, quality, source, round });
      row(object_id).quality[frame_idx] = quality;
    }
    followTo(event.masks.at(-1)[1]);
    return show();
  },
  done() {
    S.work = null;
    endFollowing();
    return reload().catch(tell);
  },
  changed({ page }) {
    return page === PAGE ? null : reload().catch(tell);
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
