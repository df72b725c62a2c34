// What is open, chosen and waiting. One object, which the other modules read and change.

export const S = {
  videos: [], reading: new Map(), view: null, frames: null, hints: null, corrections: null, masks: null,
  earlier: null, suggestion: null, frame: 0, chosen: "1", names: new Map(), fresh: null, marked: new Map(),
  playing: false, isResting: false, speed: 1, work: null, starting: null, marking: null, corner: null, painted: [],
  following: null, plan: null, advice: null,
};

// following: the frame that the person left to watch the masks as they are made; null when they look elsewhere.
// plan: seconds that tracking will take. advice: {frame, text}, for the line on the frame.
// The two pictures of the page; main.js makes them.
export const parts = { picture: null, timeline: null };

export const nFrames = () => Math.max(1, S.view.is_whole ? S.view.n_ready : Math.max(S.view.card.n_frames, S.view.n_ready));
// The first pass over the video has reached the frame.
export const isReady = (frame) => S.view.is_whole || frame < S.view.n_ready;
export const isTracked = () => S.view?.card.state === "tracked";
export const hasMasks = (objectId) => isTracked() && S.view.lines.some((line) => line.object_id === objectId);
export const isWaiting = () => isTracked() && (S.corrections.all.size > 0 || S.marked.size > 0);
export const nameOf = (objectId) => S.names.get(objectId) || `object ${objectId}`;
export const byId = (a, b) => a.length - b.length || (a < b ? -1 : Number(a !== b));

export function newObject() {
  const used = [...S.names.keys(), ...(S.hints?.ids ?? [])].map(Number).filter(Number.isInteger);
  S.fresh = String(Math.max(0, ...used) + 1);
  S.chosen = S.fresh;
  return S.fresh;
}

// All objects in order, the one that N has just begun among them.
export function objects() {
  const ids = [...new Set([...S.names.keys(), ...S.hints.ids, ...(S.fresh ? [S.fresh] : [])])].sort(byId);
  return ids.map((id) => ({ object_id: id, name: S.names.get(id) ?? "", isNew: id === S.fresh && !S.hints.ids.includes(id) }));
}
