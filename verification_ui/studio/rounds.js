// Work on all frames: tracking, rounds of corrections, and looking at earlier rounds.
import { get, post } from "./api.js";
import { ask, choose, setMark } from "./drawing.js";
import { follow, go } from "./playback.js";
import { Masks } from "./masks.js";
import { reload } from "./open_video.js";
import { say } from "./panels.js";
import { changed, show, tell } from "./rendering.js";
import { S, hasMasks, isTracked, isWaiting } from "./state.js";

export async function track() {
  await allSaved();
  if (S.work || !S.hints.ids.length) return;
  const rounds = S.view.round ? " Its corrections will be lost." : "";
  if (isTracked() && !confirm(`Track all objects of this video again from their hints?${rounds}`)) return;
  await begin("track", false);
}

export async function refine() {
  await allSaved();
  if (!S.work && isWaiting()) await begin("refine", true);
}

// Until all that was drawn or said is written down: a key that follows at once counts behind it.
async function allSaved() {
  await S.marking;
  while (S.hints.busy || S.corrections.busy) await new Promise((done) => setTimeout(done, 20));
}

async function begin(what, isRound) {
  Object.assign(S, { earlier: null, suggestion: null });
  if (!isRound) S.masks.clear();
  S.work = { state: isRound ? "correcting" : "tracking", text: "starting", share: 0, is_round: isRound };
  follow();
  S.starting = ask(what);
  if (await S.starting) return;
  Object.assign(S, { work: null, following: null });
  await reload();
}

const work = async (what) => { await S.starting; await post(`/api/work/${what}`).catch(tell); };
export const togglePause = () => { if (S.work) work(S.work.state === "paused" ? "resume" : "pause"); };
export function stop() {
  if (!S.work) return;
  S.following = null;  // the person stays on the frame on which something went wrong
  work("stop");
}

export async function undoRound() {
  if (S.work || !S.view.can_undo || !await ask("undo")) return;
  await reload();
  say("The last round was undone.");
}

// An object is absent on this frame, or its mask is right; the same again takes that back.
export async function toggleMark(kind) {
  if (S.work || !hasMasks(S.chosen)) return;
  const { chosen, frame, corrections } = S, was = S.marked.get(`${frame}/${chosen}`) ?? null, drawn = corrections.of(chosen, frame);
  const mark = { object_id: chosen, frame_idx: frame, was, is: was === kind ? null : kind, drawn };
  if (await setMark(mark, mark.is)) corrections.note(mark);
}

export async function suggestNext() {
  if (!isTracked() || S.work) return;
  try {
    const { suggestion } = await get(`/api/videos/${S.view.card.number}/next?after=${S.frame}`);
    if (!suggestion) return say("No doubtful mask is left. Play the video once to be sure.");
    S.suggestion = suggestion;
    choose(suggestion.object_id);
    go(suggestion.frame_idx);
  } catch (problem) { tell(problem); }
}

// The masks after a round, 0 for those of tracking, in the place of the present ones; null for these.
export function showRound(number) {
  S.earlier = number == null || number >= S.view.round ? null : new Masks(S.view.card.number, show, number);
  changed();
}

export const before = () => { if (S.view.round) showRound(S.earlier ? null : S.view.round - 1); };
