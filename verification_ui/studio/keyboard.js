// Keys: those of the cross while it is on the frame, else those of the page.
import { $ } from "./dom.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CROSS_PX = 2, FAR_CROSS_PX = 20, PAN_PX = 60, FAR_FRAMES = 10;

// page: {picture, act, keys, isOpen, corner, setCorner, step, choose}
export function listenToKeys(page) {
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input, select, textarea") || $("all-keys").open;
    const isButton = event.target.matches("button") && (event.key === "Enter" || event.key === " ");
    if (isTyping || isButton || !page.isOpen()) return;
    if (event.ctrlKey || event.metaKey ? undoKey(event, page.keys) : hear(event, page)) event.preventDefault();
  });
}

// Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y, as everywhere; the others belong to the browser.
function undoKey({ key, shiftKey }, { z, y }) {
  const action = { z: shiftKey ? y : z, y }[key.toLowerCase()];
  action?.();
  return !!action;
}

function hear(event, page) {
  const { key } = event, arrow = ARROWS[key], action = page.keys[key.length === 1 ? key.toLowerCase() : key];
  if (page.picture.cross && !event.altKey && crossKey(event, page)) return true;
  if (arrow && event.altKey) page.picture.pan(arrow[0] * PAN_PX, arrow[1] * PAN_PX);
  else if (arrow?.[0]) page.step(arrow[0] * (event.shiftKey ? FAR_FRAMES : 1));
  else if (/^[1-9]$/.test(key)) page.choose(Number(key) - 1);
  else if (action) action();
  else return false;
  return true;
}

function crossKey({ key, shiftKey }, { picture, act, corner, setCorner }) {
  const at = picture.cross, step = shiftKey ? FAR_CROSS_PX : CROSS_PX;
  if (ARROWS[key]) picture.moveCross(ARROWS[key][0] * step, ARROWS[key][1] * step);
  else if (key === "Enter") act.click([at], 1);
  else if (key === "x") act.click([at], 0);
  else if (key === "Escape" || key === "c") { picture.cross = null; setCorner(null); }
  else if (key === "b" && !corner()) setCorner(at);
  else if (key === "b") {
    const [[x0, x1], [y0, y1]] = [0, 1].map((i) => [corner()[i], at[i]].sort((a, b) => a - b));
    setCorner(null);
    act.box([Math.floor(x0), Math.floor(y0), Math.floor(x1) + 1, Math.floor(y1) + 1]);
  } else return false;
  return true;
}
