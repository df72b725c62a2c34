// The frame with masks and marks on it: zoom, the mouse, and a cross for those who work by keyboard.
import { colour } from "./colours.js";
import { paint } from "./masks.js";

const DRAG_PX = 5, MOST_ZOOM = 16;

// At most four places of a path, evenly spread.
const spread = (path) => [...new Set([0, 1, 2, 3].map((i) => Math.round((i * (path.length - 1)) / 3)))].map((i) => path[i]);

export class Picture {
  constructor(stage, canvas, act) {
    Object.assign(this, { stage, canvas, act, zoom: 1, centre: null, size: [1, 1], bitmap: null, layers: [], marks: [], shown: true });
    this.tool = "click";
    this.cross = null;
    this.drag = null;
    new ResizeObserver(() => this.draw()).observe(stage);
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => this.up(event));
    stage.addEventListener("pointercancel", () => { this.drag = null; this.draw(); });
    stage.addEventListener("mousedown", (event) => event.preventDefault());  // keeps the focus where keys are heard
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("wheel", (event) => { event.preventDefault(); this.zoomAt(event.deltaY < 0 ? 1.2 : 1 / 1.2, this.toVideo(event)); }, { passive: false });
  }

  reset(size) {
    Object.assign(this, { size, zoom: 1, centre: [size[0] / 2, size[1] / 2], bitmap: null, layers: [], marks: [], cross: null });
  }

  get scale() {
    const { clientWidth, clientHeight } = this.stage;
    return Math.min(clientWidth / this.size[0], clientHeight / this.size[1]) * this.zoom;
  }

  // Page coordinates of a place in the video.
  toPage([x, y]) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return [left + width / 2 + (x - this.centre[0]) * this.scale, top + height / 2 + (y - this.centre[1]) * this.scale];
  }

  toVideo(event) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return [(event.clientX - left - width / 2) / this.scale + this.centre[0], (event.clientY - top - height / 2) / this.scale + this.centre[1]];
  }

  isInside([x, y]) { return x >= 0 && y >= 0 && x < this.size[0] && y < this.size[1]; }

  zoomAt(factor, at = this.cross ?? this.centre) {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor)), share = this.zoom / zoom;
    this.centre = this.centre.map((c, i) => at[i] + (c - at[i]) * share);
    this.zoom = zoom;
    this.keepInside();
    this.draw();
    this.act.zoomed(zoom);
  }

  keepInside() {
    const { clientWidth, clientHeight } = this.stage;
    this.centre = [clientWidth, clientHeight].map((side, i) => {
      const half = side / this.scale / 2;
      return half * 2 >= this.size[i] ? this.size[i] / 2 : Math.min(this.size[i] - half, Math.max(half, this.centre[i]));
    });
  }

  pan(dx, dy) {
    this.centre = [this.centre[0] + dx / this.scale, this.centre[1] + dy / this.scale];
    this.keepInside();
    this.draw();
  }

  down(event) {
    const at = this.toVideo(event);
    if (document.activeElement !== this.stage) document.activeElement?.blur();
    if (event.button === 1 || event.altKey) {
      event.preventDefault();
      this.drag = { kind: "pan", last: [event.clientX, event.clientY] };
    } else if (this.isInside(at)) {
      const kind = event.button === 2 || event.ctrlKey || this.tool === "off" ? "off" : this.tool === "trace" || event.shiftKey ? "trace" : "click";
      this.drag = { kind, from: at, path: [at], page: [event.clientX, event.clientY] };
    }
    if (this.drag) this.stage.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.drag) return;
    const at = this.toVideo(event).map((value, i) => Math.min(this.size[i] - 1e-6, Math.max(0, value)));
    if (this.drag.kind === "pan") {
      this.pan(this.drag.last[0] - event.clientX, this.drag.last[1] - event.clientY);
      this.drag.last = [event.clientX, event.clientY];
      return;
    }
    const far = Math.hypot(event.clientX - this.drag.page[0], event.clientY - this.drag.page[1]) > DRAG_PX;
    if (this.drag.kind === "click" && far) this.drag.kind = "box";
    this.drag.to = at;
    if (this.drag.kind === "trace" || (this.drag.kind === "off" && far)) this.drag.path.push(at);
    this.draw();
  }

  up() {
    const drag = this.drag;
    this.drag = null;
    if (!drag || drag.kind === "pan") return;
    if (drag.kind === "box") {
      const [[x0, x1], [y0, y1]] = [0, 1].map((i) => [drag.from[i], drag.to[i]].sort((a, b) => a - b));
      if (x1 - x0 >= 2 && y1 - y0 >= 2) this.act.box([Math.floor(x0), Math.floor(y0), Math.ceil(x1), Math.ceil(y1)]);
    } else if (drag.kind === "trace" && drag.path.length > 1) {
      const step = Math.max(1, Math.ceil(drag.path.length / 400));
      this.act.trace(drag.path.filter((_, i) => i % step === 0).map(([x, y]) => [x / this.size[0], y / this.size[1]]));
    } else {
      const label = drag.kind === "off" ? 0 : 1;
      this.act.click(label ? [drag.from] : spread(drag.path), label);
    }
    this.draw();
  }

  moveCross(dx, dy) {
    this.cross = (this.cross ?? this.centre).map((value, i) => Math.min(this.size[i] - 1, Math.max(0, value + [dx, dy][i])));
    this.draw();
  }

  // Draw soon: once for all that changes until the next picture of the screen.
  draw() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = null; this.drawNow(); });
  }

  drawNow() {
    const { canvas, stage } = this, ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(stage.clientWidth * ratio), Math.round(stage.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const to = canvas.getContext("2d"), scale = this.scale * ratio;
    to.setTransform(1, 0, 0, 1, 0, 0);
    to.clearRect(0, 0, width, height);
    if (!this.centre) return;
    to.setTransform(scale, 0, 0, scale, width / 2 - this.centre[0] * scale, height / 2 - this.centre[1] * scale);
    to.imageSmoothingEnabled = scale < 3;
    if (this.bitmap) to.drawImage(this.bitmap, 0, 0, this.size[0], this.size[1]);
    if (this.shown) for (const mask of this.layers) {
      const layer = paint(mask, this.size[1]);
      if (layer) to.drawImage(layer.canvas, layer.x, layer.y);
    }
    for (const mark of this.marks) this.drawMark(to, mark, ratio / scale);
    if (this.drag?.to) this.drawDrag(to, ratio / scale);
    if (this.cross) this.drawCross(to, ratio / scale);
    this.act.drawn();
  }

  // One object's hints: clicks as discs with + or −, its box, its strokes; `unit` is one pixel of the page.
  drawMark(to, { hint, isChosen }, unit) {
    to.globalAlpha = isChosen ? 1 : 0.55;
    to.strokeStyle = colour(hint.object_id);
    to.lineWidth = 2 * unit;
    if (hint.box) {
      const [x0, y0, x1, y1] = hint.box;
      to.setLineDash([6 * unit, 4 * unit]);
      to.strokeRect(x0, y0, x1 - x0, y1 - y0);
      to.setLineDash([]);
    }
    for (const stroke of hint.strokes) this.drawPath(to, stroke.map(([x, y]) => [x * this.size[0], y * this.size[1]]));
    for (const [x, y, label] of hint.points) {
      const r = 6.5 * unit, [cx, cy] = [x + 0.5, y + 0.5];
      to.beginPath();
      to.arc(cx, cy, r, 0, 2 * Math.PI);
      to.fillStyle = label ? colour(hint.object_id) : "#15171b";
      to.fill();
      to.strokeStyle = label ? "#fff" : colour(hint.object_id);
      to.stroke();
      to.strokeStyle = label ? "#10131a" : "#fff";
      to.beginPath();
      to.moveTo(cx - r / 2, cy); to.lineTo(cx + r / 2, cy);
      if (label) { to.moveTo(cx, cy - r / 2); to.lineTo(cx, cy + r / 2); }
      to.stroke();
    }
    to.globalAlpha = 1;
  }

  drawPath(to, path) {
    to.lineJoin = to.lineCap = "round";
    to.beginPath();
    path.forEach(([x, y], i) => (i ? to.lineTo(x, y) : to.moveTo(x, y)));
    to.stroke();
  }

  drawDrag(to, unit) {
    to.strokeStyle = "#fff";
    to.lineWidth = 1.5 * unit;
    const { kind, from, to: end, path } = this.drag;
    if (kind === "box") to.strokeRect(from[0], from[1], end[0] - from[0], end[1] - from[1]);
    else this.drawPath(to, path);
  }

  drawCross(to, unit) {
    const [x, y] = [this.cross[0] + 0.5, this.cross[1] + 0.5];
    for (const [style, width] of [["#000", 3.5], ["#fff", 1.5]]) {
      to.strokeStyle = style;
      to.lineWidth = width * unit;
      to.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        to.moveTo(x + dx * 4 * unit, y + dy * 4 * unit);
        to.lineTo(x + dx * 16 * unit, y + dy * 16 * unit);
      }
      to.stroke();
    }
  }
}
