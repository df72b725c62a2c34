// Masks of a video by frame and object, and how they are painted.
import { get } from "./api.js";
import { colour } from "./colours.js";
import { pieces } from "./rle.js";

const CHUNK = 50, MOST_PAINTED = 80;

export class Masks {
  constructor(number, onReady, round = null) {
    this.number = number;
    this.round = round;
    this.onReady = onReady;
    this.clear();
  }

  clear() {
    this.at = new Map();
    this.chunks = new Set();
  }

  put(mask) {
    if (!this.at.has(mask.frame_idx)) this.at.set(mask.frame_idx, new Map());
    this.at.get(mask.frame_idx).set(mask.object_id, mask);
  }

  // Masks of a frame, as far as they are here; those around it are fetched.
  of(frame) {
    this.fetch(Math.floor(frame / CHUNK));
    if (frame % CHUNK > CHUNK / 2) this.fetch(Math.floor(frame / CHUNK) + 1);
    return [...(this.at.get(frame)?.values() ?? [])];
  }

  async fetch(chunk) {
    if (this.chunks.has(chunk)) return;
    const chunks = this.chunks;
    chunks.add(chunk);
    try {
      const found = await get(`/api/videos/${this.number}/masks?start=${chunk * CHUNK}&stop=${(chunk + 1) * CHUNK}${this.round == null ? "" : `&round=${this.round}`}`);
      if (chunks !== this.chunks) return;
      for (const mask of found) this.put(mask);
      if (found.length) this.onReady();
    } catch { chunks.delete(chunk); }
  }
}

const painted = new Map(), AROUND = [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]];

// {canvas, x, y}: the mask in its object's colour, faint inside and clear at its edge, with a dark line around; null when it is empty.
export function paint(mask, height) {
  const name = `${mask.object_id}|${height}|${mask.rle}`;
  if (!painted.has(name)) {
    painted.set(name, draw(mask, height));
    if (painted.size > MOST_PAINTED) painted.delete(painted.keys().next().value);
  }
  return painted.get(name);
}

function draw(mask, height) {
  const { pieces: runs, box } = pieces(mask.rle, height);
  if (!box) return null;
  const edge = Math.max(1, Math.round(height / 480)), pad = 2 * edge + 1;
  const [width, tall] = [box[2] - box[0] + 2 * pad, box[3] - box[1] + 2 * pad];
  const solid = new OffscreenCanvas(width, tall), on = solid.getContext("2d");
  on.fillStyle = colour(mask.object_id);
  for (const [x, y, length] of runs) on.fillRect(x - box[0] + pad, y - box[1] + pad, 1, length);
  const canvas = new OffscreenCanvas(width, tall), to = canvas.getContext("2d");
  const spread = (by) => { for (const [dx, dy] of AROUND) to.drawImage(solid, dx * by, dy * by); };
  spread(2 * edge);
  to.globalCompositeOperation = "source-in";  // a dark line around the clear one: seen on grounds of the object's own colour
  to.fillStyle = "rgba(0, 0, 0, .65)";
  to.fillRect(0, 0, width, tall);
  to.globalCompositeOperation = "source-over";
  spread(edge);
  to.globalCompositeOperation = "destination-out";
  to.drawImage(solid, 0, 0);
  to.globalCompositeOperation = "source-over";
  to.globalAlpha = 0.38;
  to.drawImage(solid, 0, 0);
  return { canvas, x: box[0] - pad, y: box[1] - pad };
}
