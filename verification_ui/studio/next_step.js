// What to do now, and which keys do it: one step at a time.
import { showHints } from "./keys.js";
import { showStep } from "./panels.js";

// now: {work, isFollowing, plan, ids, name, isNew, problem, isTracked, nWaiting, round, canUndo, hasCross}; actions: what the
// buttons do.
export function nextStep(now, actions) {
  step(now, actions);
  if (now.hasCross && !now.work && !now.problem) showHints([["arrows", "move the cross (Shift: far)"], ["Enter", `on ${now.name}`], ["X", "off it"],
    ["B", "corner of a box, twice"], ["Esc", `hide the cross${now.nWaiting ? ", then Enter applies" : ""}`], ["?", "all keys"]]);
}

function step(now, actions) {
  if (now.problem) return unreadable(now);
  if (now.work) return atWork(now.work, now.isFollowing, actions);
  if (!now.ids.length) return begin();
  if (now.nWaiting) return correcting(now, actions);
  if (now.isNew) return adding(now);
  return now.isTracked ? looking(now, actions) : hinting(now, actions);
}

function unreadable({ problem }) {
  showStep({ title: "This video cannot be read", text: `${problem}. Select another video on the left, or press Page Down.` });
  showHints([["Page Up", "previous video"], ["Page Down", "next video"], ["?", "all keys"]]);
}

function atWork({ state, text, share, left_s, is_round }, isFollowing, actions) {
  const isPaused = state === "paused", percent = Math.round(100 * (share || 0));
  const doing = is_round ? "Applying corrections" : "Tracking", isDone = percent === 100;
  const left = left_s && !isPaused && !isDone ? `, ${duration(left_s)} left` : "", now = isDone ? "all masks are made; points to verify are being chosen" : text || "starting";
  const watching = isFollowing ? "The picture shows the newest masks; you can go to any frame or video at any time."
    : "Masks appear on every frame as they are made. F shows the newest ones.";
  const early = is_round || isDone ? "" : " If a mask goes wrong early, stop, click on that frame too, and track again.";
  showStep({ title: isPaused ? `Paused at ${percent} %` : `${doing}: ${percent} %${left}`, share: share || 0,
    text: `${now[0].toUpperCase() + now.slice(1)}. ${watching}${early}`,
    buttons: [[isPaused ? "Continue" : "Pause", "P", actions.pause, isPaused], ["Stop", "S", actions.stop], ...(isFollowing ? [] : [["Newest", "F", actions.follow]])] });
  showHints([["P", isPaused ? "continue" : "pause"], ["S", "stop"], ["F", "newest masks"], ["← →", "frame"], ["Space", "play"], ["?", "all keys"]]);
}

// In words, as long as people wait.
export function duration(seconds) {
  if (seconds < 60) return `${Math.max(5, 5 * Math.round(seconds / 5))}\u00a0s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)}\u00a0min` : `${(seconds / 3600).toFixed(1)}\u00a0h`;
}

function begin() {
  showStep({ title: "Click on an object",
    text: "Go to a frame that shows the object well and click in its middle. Its mask appears at once. Then you can track it through the video." });
  showHints([["click", "on the object"], ["right click", "off it"], ["drag", "a box"], ["Shift + drag", "a trace"], ["← →", "frame"], ["?", "all keys"]]);
}

function adding({ name, isTracked }) {
  showStep({ title: `Click on ${name}`,
    text: `Click on the new object on any frame that shows it well.${isTracked ? " It is then tracked alone; the other objects stay as they are." : ""}` });
  showHints([["click", `on ${name}`], ["right click", "off it"], ["drag", "a box"], ["Shift + drag", "a trace"], ["1 … 9", "select another object"], ["?", "all keys"]]);
}

function hinting({ name, plan }, actions) {
  showStep({ title: "Is the mask right?",
    text: `Click where ${name} is missing, right-click where its mask is too large: a mask of the whole object tracks best. Press N for another object. When all masks are right, track the objects through the video${plan ? `: about ${duration(plan)}` : ""}.`,
    buttons: [["Track", "T", actions.track, true], ["New object", "N", actions.add]] });
  showHints([["click", `on ${name}`], ["right click", "off it"], ["N", "new object"], ["Z", "undo"], ["T", "track"], ["?", "all keys"]]);
}

function correcting({ name, nWaiting, hasCross }, actions) {
  showStep({ title: `${nWaiting} correction${nWaiting > 1 ? "s" : ""} to apply`,
    text: "Is the mask right on this frame now? Apply propagates it to the frames around, up to the next ones that you hinted, corrected or locked. All other masks stay as they are.",
    buttons: [["Apply", hasCross ? "Esc Enter" : "Enter", actions.apply, true], ["Undo", "Z", actions.undo]] });
  showHints([["Enter", "apply"], ["click", `on ${name}`], ["right click", "off it"], ["drag", "a box"], ["A", "absent here"], ["L", "lock"], ["Z", "undo"], ["?", "all keys"]]);
}

function looking({ name, round, canUndo }, actions) {
  showStep({ title: round ? `Round ${round} is done` : "Check the masks",
    text: "“Check next” goes to the mask that is most likely wrong. Where a mask is wrong, select its object and click: left on the object, right off it. Where it is on another object, drag a box around the right one; where the object is out of sight, press A.",
    buttons: [["Check next", "J", actions.next, true], canUndo ? ["Undo round", "U", actions.undoRound] : ["Play", "Space", actions.play]] });
  showHints([["J", "check next"], ["click", `on ${name}`], ["right click", "off it"], ["drag", "a box"], ["A", "absent here"], ["L", "lock"], ["N", "new object"], ["Space", "play"],
    ...(round ? [["M", "before | now"]] : []), ["?", "all keys"]]);
}
