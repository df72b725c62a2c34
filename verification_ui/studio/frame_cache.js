// Frames by index: fetched when they are wanted, the newest wish first, a few kept.
import { picture } from "./api.js";

const KEPT = 48, AT_ONCE = 4;

export class FrameCache {
  constructor(number, onReady) {
    this.number = number;
    this.onReady = onReady;
    this.kept = new Map();
    this.asked = new Map();
    this.wanted = [];
  }

  // The bitmap of a frame when it is here; else it is fetched, and `onReady` is called.
  get(frame, isFull = false) {
    const name = `${frame}${isFull ? "/full" : ""}`;
    const found = this.kept.get(name);
    if (found) {
      this.kept.delete(name);
      this.kept.set(name, found);
      return found;
    }
    this.want(name);
    return null;
  }

  // The bitmap if it is here already.
  has(frame, isFull) { return this.kept.get(`${frame}${isFull ? "/full" : ""}`) ?? null; }

  prefetch(frames) {
    for (const frame of frames) if (!this.kept.has(`${frame}`)) this.want(`${frame}`, false);
  }

  want(name, isUrgent = true) {
    if (this.asked.has(name)) return;
    this.wanted = this.wanted.filter((other) => other !== name);
    if (isUrgent) this.wanted.push(name);
    else this.wanted.unshift(name);
    this.wanted.splice(0, Math.max(0, this.wanted.length - 40));
    this.pump();
  }

  pump() {
    while (this.asked.size < AT_ONCE && this.wanted.length) {
      const name = this.wanted.pop(), [frame, full] = name.split("/");
      const path = `/api/videos/${this.number}/frames/${frame}${full ? "?full=1" : ""}`;
      this.asked.set(name, picture(path).then((bitmap) => this.keep(name, bitmap), (problem) => this.onReady(Number(frame), problem))
        .finally(() => { this.asked.delete(name); this.pump(); }));
    }
  }

  keep(name, bitmap) {
    this.kept.set(name, bitmap);
    while (this.kept.size > KEPT) {
      const [oldest, old] = this.kept.entries().next().value;
      old.close();
      this.kept.delete(oldest);
    }
    this.onReady(Number(name.split("/")[0]), null);
  }
}
