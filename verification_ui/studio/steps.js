// What to do now, and which keys do it: one step at a time.
import { showHints } from "./keys.js";
import { showStep } from "./panels.js";

// now: {work, ids, name, isTracked, nWaiting, round, canUndo}; does: what the buttons do.
export function nextStep(now, does) {
  if (now.work) return atWork(now.work, does);
  if (!now.ids.length) return begin();
  if (!now.isTracked) return hinting(now, does);
  return now.nWaiting ? correcting(now, does) : looking(now, does);
}

function atWork({ state, text, share, isRound }, does) {
  const isPaused = state === "paused", percent = Math.round(100 * (share || 0));
  showStep({ title: isPaused ? `Paused at ${percent} %` : `${isRound ? "Correcting" : "Tracking"}: ${percent} %`, share: share || 0,
    text: `${text ? text[0].toUpperCase() + text.slice(1) : "Starting"}. Masks show up as they are made; look at any frame meanwhile.`,
    buttons: [[isPaused ? "Go on" : "Pause", "P", does.pause, isPaused], ["Stop", "S", does.stop]] });
  showHints([["P", isPaused ? "go on" : "pause"], ["S", "stop"], ["← →", "frame"], ["Space", "play"]]);
}

function begin() {
  showStep({ title: "Click on an object", text: "Go to a frame that shows it well, then click in its middle. Its mask appears at once." });
  showHints([["click", "on the object"], ["right click", "off it"], ["drag", "a box"], ["Shift + drag", "a trace"], ["← →", "frame"]]);
}

function hinting({ name }, does) {
  showStep({ title: "Is the mask right?",
    text: `Click where ${name} is missing, right-click where the mask is too large. For another object press N. Then follow all objects through the video.`,
    buttons: [["Track", "T", does.track, true], ["New object", "N", does.add]] });
  showHints([["click", `on ${name}`], ["right click", "off it"], ["N", "new object"], ["Z", "undo"], ["T", "track"], ["?", "all keys"]]);
}

function correcting({ name, nWaiting }, does) {
  showStep({ title: `${nWaiting} correction${nWaiting > 1 ? "s" : ""} to apply`,
    text: "Is the mask of this frame right now? Then the frames around it, up to the next ones that you looked at, are done again. Nothing else changes.",
    buttons: [["Apply", "Enter", does.apply, true], ["Undo click", "Z", does.undo]] });
  showHints([["Enter", "apply"], ["click", `on ${name}`], ["right click", "off it"], ["A", "absent here"], ["L", "lock"], ["Z", "undo"], ["J", "next look"]]);
}

function looking({ name, round, canUndo }, does) {
  showStep({ title: round ? `Round ${round} is done` : "Are the masks right?",
    text: "Go where a look is worth most. Where a mask is wrong, choose its object and click: on it, or with the right button off it.",
    buttons: [["Next look", "J", does.next, true], canUndo ? ["Undo round", "U", does.undoRound] : ["Play", "Space", does.play]] });
  showHints([["J", "next look"], ["click", `on ${name}`], ["right click", "off it"], ["A", "absent here"], ["L", "lock"], ["N", "new object"], ["Space", "play"],
    ...(round ? [["M", "before | after"]] : []), ["?", "all keys"]]);
}
