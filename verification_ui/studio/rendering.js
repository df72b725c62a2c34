// Puts the state on the page: the frame with its masks and marks, the timeline, the panels.
import { $ } from "./dom.js";
import { say, showLegend, showObjects, showRounds } from "./panels.js";
import { S, hasMasks, isReady, isTracked, isWaiting, nFrames, nameOf, objects, parts } from "./state.js";
import { nextStep } from "./next_step.js";
import { STATES, UNREADABLE } from "./videos.js";

// What the buttons of the panels do; main.js fills it in.
export const actions = {};

export function tell(problem) { say(problem.message ?? String(problem), true); }

// The frame, its masks and marks, the timeline.
export function show() {
  if (!S.view) return;
  const { frame } = S, { picture } = parts;
  picture.bitmap = isReady(frame) ? S.frames.has(frame, true) ?? S.frames.get(frame) ?? picture.bitmap : null;
  picture.layers = layers(frame);
  picture.marks = [...S.hints.on(frame), ...S.corrections.on(frame)].map((hint) => ({ hint, isChosen: hint.object_id === S.chosen }));
  picture.draw();
  if (document.activeElement !== $("frame-number")) $("frame-number").value = frame;
  $("n-frames").textContent = `/ ${(nFrames() - 1).toLocaleString("en")}`;
  parts.timeline.show({ n: nFrames(), frame, ready: S.view.n_ready, rows: rows(), cuts: S.view.cuts, chosen: S.chosen });
  const said = S.marked.get(`${frame}/${S.chosen}`);
  for (const kind of ["absent", "lock"]) $(kind).setAttribute("aria-pressed", String(said === kind));
  say(hint());
}

// Masks of a frame: those of the round that is shown, with what waiting corrections and hints make of them.
function layers(frame) {
  const source = S.earlier ?? S.masks, previewed = S.earlier ? [] : S.hints.previews.get(frame)?.masks ?? [];
  const corrected = S.earlier ? [] : S.corrections.previews.get(frame)?.masks ?? [];
  const isNew = (mask) => corrected.some((one) => one.object_id === mask.object_id);
  const isAbsent = (mask) => S.marked.get(`${frame}/${mask.object_id}`) === "absent" && !S.earlier;
  const tracked = [...source.of(frame).filter((mask) => !isNew(mask) && !isAbsent(mask)), ...corrected];
  return [...tracked, ...previewed.filter((mask) => !tracked.some((other) => other.object_id === mask.object_id))];
}

function rows() {
  const lines = S.view.lines.length ? S.view.lines : S.hints.ids.map((id) => ({ object_id: id, quality: [] }));
  return lines.map((line) => ({
    ...line,
    anchors: [...(line.anchors ?? []), ...S.hints.frames(line.object_id), ...S.corrections.frames(line.object_id)],
    absent: waiting(line, "absent"),
    locked: waiting(line, "lock"),
  }));
}

// Frames of a row on which a person said `kind`, in a finished round or for the next one.
function waiting(line, kind) {
  const key = (frame) => `${frame}/${line.object_id}`, here = (frame) => S.marked.get(key(frame)) ?? (S.corrections.all.has(key(frame)) ? "clicks" : null);
  const isOf = ([key, said]) => said === kind && key.slice(key.indexOf("/") + 1) === line.object_id;
  const before = (line[kind === "lock" ? "locked" : kind] ?? []).filter((frame) => !here(frame) || here(frame) === kind);
  return [...before, ...[...S.marked].filter(isOf).map(([key]) => parseInt(key, 10))];
}

// The line on the frame: what went wrong here, else why the page led here.
function hint() {
  if (!isReady(S.frame) && !S.view.card.problem) return `Frame ${S.frame.toLocaleString("en")} is not decoded yet (${S.view.n_ready.toLocaleString("en")} are). It appears as soon as it is.`;
  if (S.corner) return "Move the cross to the other corner, then press B.";
  const problems = [S.hints, S.corrections].map((one) => Object.entries(one.previews.get(S.frame)?.problems ?? {})).flat();
  const problem = problems.find(([objectId]) => objectId === S.chosen);
  if (problem) return problem[1];
  if (S.earlier) return `These masks are from ${S.earlier.round ? `round ${S.earlier.round}` : "tracking"}, before later corrections. Press M for the current ones.`;
  if (S.advice?.frame === S.frame) return S.advice.text;
  return S.suggestion?.frame_idx === S.frame ? S.suggestion.why : "";
}

// Everything: called when the state has changed by more than the frame.
export function changed() {
  if (!S.view) return;
  const { card } = S.view, state = S.work?.state ?? (isTracked() ? "tracked" : S.hints.ids.length ? "hinted" : "new");
  document.title = `${card.name} · pointvos studio`;
  $("title").textContent = card.name;
  Object.assign($("state"), { textContent: card.problem ? UNREADABLE : STATES[state], className: `pill ${state}`, hidden: false });
  $("saved").textContent = S.hints.busy || S.corrections.busy ? "saving …" : S.hints.ids.length ? "all saved" : "";
  $("ready").textContent = S.view.is_whole || card.problem ? "" : `reading the video: ${S.view.n_ready.toLocaleString("en")} frame${S.view.n_ready === 1 ? "" : "s"} so far`;
  $("play").textContent = S.playing ? "❚❚" : "▶︎";
  $("play").setAttribute("aria-label", S.playing ? "Pause" : "Play");
  for (const id of ["absent", "lock"]) $(id).hidden = !hasMasks(S.chosen);
  showRounds(isTracked() ? S.view.round : 0, S.earlier ? S.earlier.round : null);
  showObjects(objects(), S.chosen, actions);
  showLegend(isTracked() || !!S.work);
  nextStep({
    work: S.work, isFollowing: S.following != null, plan: S.plan, ids: S.hints.ids.length ? S.hints.ids : S.view.lines.map((line) => line.object_id), name: nameOf(S.chosen),
    isNew: S.chosen === S.fresh, problem: card.problem, isTracked: isTracked(), nWaiting: isWaiting() ? new Set([...S.corrections.all.keys(), ...S.marked.keys()]).size : 0,
    round: S.view.round, canUndo: S.view.can_undo, hasCross: !!parts.picture.cross,
  }, actions);
  show();
}
