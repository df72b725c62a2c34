// Moving through the video: one frame, playing, and what happens when somebody rests on a frame.
import { get } from "./api.js";
import { $ } from "./dom.js";
import { changed, show, tell } from "./rendering.js";
import { S, isReady, isTracked, nFrames } from "./state.js";

const REST_MS = 250, LARGEST_VIEW_PX = 1280, DEFAULT_FPS = 25, AHEAD = 12;

export function go(frame) {
  if (!S.view) return;
  S.following = null;
  S.frame = Math.min(nFrames() - 1, Math.max(0, frame));
  S.corner = null;
  show();
  rest();
}

// While masks are made the page shows the newest of them, until the person goes to another frame; then it comes back.
export function follow() {
  if (!S.work || S.following != null) return;
  if (S.playing) stopPlaying();
  S.following = S.frame;
  changed();
}

export function followTo(frame) {
  if (S.following == null || !isReady(frame)) return;
  S.frame = frame;
}

export function endFollowing() { if (S.following != null) go(S.following); }

export function frameCame(frame, problem) {
  if (problem && frame === S.frame) tell(problem);
  if (frame === S.frame) show();
}

// Somebody looks at this frame for a moment: the server makes it ready for clicks, large videos are shown in full, and the
// address names the place, so that the page comes back to it when it is loaded again.
let restTimer = 0;
export function rest() {
  clearTimeout(restTimer);
  S.isResting = true;
  restTimer = setTimeout(() => look().catch(tell).finally(() => { S.isResting = false; }), REST_MS);
}

async function look() {
  if (S.playing || S.following != null || !S.view || S.view.card.problem || !isReady(S.frame)) return;
  const { frame } = S, hints = isTracked() ? S.corrections : S.hints, { number, width, height } = S.view.card;
  remember();
  plan();
  if (Math.max(width, height) > LARGEST_VIEW_PX) S.frames.get(frame, true);
  try {
    const preview = await get(`/api/videos/${number}/preview/${frame}`);
    if (!hints.sent.has(frame) && [S.hints, S.corrections].includes(hints)) hints.previews.set(frame, preview);
    if (frame === S.frame) show();
  } catch (problem) { if (frame === S.frame) tell(problem); }
}

// How long tracking will take, as long as it is to be begun.
async function plan() {
  if (isTracked() || S.work || !S.hints.ids.length) return;
  const { view } = S, { seconds } = await get(`/api/videos/${view.card.number}/plan`).catch(() => ({ seconds: 0 }));
  if (S.view !== view || S.plan === seconds) return;
  S.plan = seconds;
  changed();
}

function remember() {
  history.replaceState(null, "", `#${new URLSearchParams({ video: S.view.card.name, frame: S.frame, object: S.chosen })}`);
}

// What the address asks for: #video=NAME&frame=12&object=1, or #2/12 with a video's place in the list.
export function asked() {
  const [, number = null, frame = 0] = location.hash.match(/^#(\d+)(?:\/(\d+))?$/) ?? [];
  const named = new URLSearchParams(location.hash.slice(1)), found = S.videos.findIndex((video) => video.name === named.get("video"));
  const at = number == null ? Math.max(0, found) : Math.min(Number(number), S.videos.length - 1);
  return { number: at, frame: Number(named.get("frame") ?? frame) || 0, objectId: named.get("object") };
}

let playTimer = 0;
export function play() {
  if (S.playing) return stopPlaying();
  S.playing = true;
  if (S.frame >= nFrames() - 1) S.frame = 0;
  let due = performance.now();
  const tick = () => {
    if (!S.playing) return;
    const step = 1000 / ((S.view.card.fps || DEFAULT_FPS) * S.speed), next = S.frame + 1;
    S.frames.prefetch(Array.from({ length: AHEAD }, (_, i) => next + AHEAD - i).filter((frame) => frame < nFrames() && isReady(frame)));
    if (next >= nFrames()) return stopPlaying();
    if (isReady(next) && S.frames.get(next)) {
      due = Math.max(due + step, performance.now() - step);
      go(next);
    }
    playTimer = setTimeout(tick, Math.max(4, due - performance.now()));
  };
  tick();
  return changed();
}

export function stopPlaying() {
  S.playing = false;
  clearTimeout(playTimer);
  if (S.view) changed();
  rest();
}

export function step(n) {
  if (S.playing) stopPlaying();
  go(S.frame + n);
}

export function faster(by) {
  const menu = $("speed");
  menu.selectedIndex = Math.min(menu.length - 1, Math.max(0, menu.selectedIndex + by));
  S.speed = Number(menu.value);
}
