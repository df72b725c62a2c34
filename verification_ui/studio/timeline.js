// The video from left to right: one row an object, coloured by quality, with what happened on its frames.
import { colour, ofQuality } from "./colours.js";

const ROW = 20, TOP = 18, LEFT = 34, LEVELS = 24, LEAST_ROWS = 3;  // so that the picture stays where it is

export class Timeline {
  constructor(element, seek) {
    Object.assign(this, { element, canvas: element.querySelector("canvas"), seek, n: 1, frame: 0, ready: 0, rows: [], cuts: [], chosen: null });
    new ResizeObserver(() => this.draw()).observe(element);
    element.addEventListener("pointerdown", (event) => { element.setPointerCapture(event.pointerId); this.point(event, true); });
    element.addEventListener("pointermove", (event) => { if (event.buttons & 1) this.point(event, false); });
  }

  point(event, isFirst) {
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const share = (event.clientX - left - LEFT) / (width - LEFT), row = Math.floor((event.clientY - top - TOP) / ROW);
    this.seek(Math.min(this.n - 1, Math.max(0, Math.floor(share * this.n))), isFirst ? this.rows[row]?.object_id : undefined);
  }

  // rows: [{object_id, quality: [..], anchors, repairs, absent, locked, changed}]
  show(shown) {
    Object.assign(this, shown);
    this.element.setAttribute("aria-valuemax", this.n - 1);
    this.element.setAttribute("aria-valuenow", this.frame);
    this.element.setAttribute("aria-valuetext", `frame ${this.frame} of ${this.n}`);
    this.draw();
  }

  draw() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = null; this.drawNow(); });
  }

  drawNow() {
    const ratio = window.devicePixelRatio || 1, width = this.element.clientWidth - 20, height = TOP + Math.max(LEAST_ROWS, this.rows.length) * ROW;
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    this.canvas.style.height = `${height}px`;
    const to = this.canvas.getContext("2d");
    to.scale(ratio, ratio);
    const x = (frame) => LEFT + (frame / this.n) * (width - LEFT), step = Math.max(1, x(1) - x(0));
    this.drawRuler(to, x, width);
    this.rows.forEach((row, number) => this.drawRow(to, row, TOP + number * ROW, x, step));
    to.fillStyle = "#c9cfd8";
    for (const cut of this.cuts) to.fillRect(x(cut) - 0.75, TOP - 4, 1.5, height);
    const here = x(this.frame + 0.5);
    to.fillStyle = "#fff";
    to.fillRect(here - 0.75, 8, 1.5, height);
    to.beginPath(); to.moveTo(here - 6, 1); to.lineTo(here + 6, 1); to.lineTo(here, 10); to.fill();
  }

  drawRuler(to, x, width) {
    to.fillStyle = "#2d323a";
    to.fillRect(LEFT, 10, width - LEFT, 3);
    to.fillStyle = "#566070";
    to.fillRect(LEFT, 10, x(this.ready) - LEFT, 3);
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((s) => x(s) - x(0) > 64) ?? this.n;
    to.fillStyle = "#9aa3af";
    to.font = "10px ui-monospace, monospace";
    for (let frame = step; frame < this.n; frame += step) if (x(frame) < width - 30) to.fillText(frame, x(frame) + 2, 9);
  }

  drawRow(to, row, top, x, step) {
    to.globalAlpha = row.object_id === this.chosen ? 1 : 0.8;
    to.fillStyle = colour(row.object_id);
    to.beginPath(); to.roundRect(0, top + 3, 26, 14, 4); to.fill();
    to.fillStyle = "#10131a";
    to.font = "700 11px Inter, system-ui, sans-serif";
    to.textAlign = "center";
    to.fillText(row.object_id.slice(0, 4), 13, top + 14);
    to.textAlign = "start";
    for (const [from, until, quality] of this.stretches(row.quality, x)) {
      to.fillStyle = ofQuality(quality);
      to.fillRect(from, top + 5, until - from, 9);
    }
    to.globalAlpha = 1;
    to.fillStyle = "#ffffff55";
    for (const frame of row.changed ?? []) to.fillRect(x(frame), top + 2, step + 0.3, 2);
    to.fillStyle = "#6aa9ff";
    for (const frame of row.repairs ?? []) to.fillRect(x(frame + 0.5) - 1.5, top + 4, 3, 11);
    for (const frame of row.absent ?? []) this.drawAbsent(to, x(frame + 0.5), top + 9.5);
    const anchors = (row.anchors ?? []).filter((frame) => !row.absent?.includes(frame));
    for (const frame of anchors) this.drawAnchor(to, x(frame + 0.5), top + 9.5, (row.locked ?? []).includes(frame));
  }

  // [from, until, quality] in pixels of about the same quality; where several frames share a pixel, the worst one counts.
  stretches(qualities, x) {
    const found = [];
    for (let frame = 0; frame < qualities.length;) {
      const from = Math.floor(x(frame));
      let worst = Infinity, until = frame;
      do {
        if (qualities[until] >= 0) worst = Math.min(worst, qualities[until]);
        until++;
      } while (until < qualities.length && Math.floor(x(until)) === from);
      const last = found.at(-1), quality = Math.round(worst * LEVELS) / LEVELS, end = Math.max(from + 1, Math.floor(x(until)));
      if (worst === Infinity) { /* nobody is there */ }
      else if (last && last[1] >= from && last[2] === quality) last[1] = end;
      else found.push([from, end, quality]);
      frame = until;
    }
    return found;
  }

  drawAnchor(to, x, y, isLocked) {
    to.fillStyle = isLocked ? "#6aa9ff" : "#fff";
    to.strokeStyle = "#10131a";
    to.beginPath(); to.moveTo(x, y - 6); to.lineTo(x + 6, y); to.lineTo(x, y + 6); to.lineTo(x - 6, y); to.closePath();
    to.fill(); to.stroke();
  }

  drawAbsent(to, x, y) {
    to.strokeStyle = "#fff";
    to.lineWidth = 1.5;
    to.beginPath(); to.arc(x, y, 4.5, 0, 7); to.moveTo(x - 3.2, y + 3.2); to.lineTo(x + 3.2, y - 3.2); to.stroke();
    to.lineWidth = 1;
  }
}
