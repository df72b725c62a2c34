// What a person draws: kept here for the picture, and sent to the server, which writes it down and answers with masks.
import { post } from "./api.js";

const empty = (objectId, frame) => ({ object_id: objectId, frame_idx: frame, points: [], box: null, strokes: [], name: "" });
const name = (objectId, frame) => `${frame}/${objectId}`;

export class Hints {
  constructor(number, hints, onChange, onProblem, path = "hints") {
    Object.assign(this, { number, path, onChange, onProblem, before: [], undone: [], previews: new Map(), times: [], busy: 0, sent: new Map() });
    this.reset(hints);
  }

  // Take what the server has in the place of what is here.
  reset(hints) { this.all = new Map(hints.map((hint) => [name(hint.object_id, hint.frame_idx), hint])); }

  of(objectId, frame) { return this.all.get(name(objectId, frame)) ?? empty(objectId, frame); }

  on(frame) { return [...this.all.values()].filter((hint) => hint.frame_idx === frame); }

  frames(objectId) { return [...this.all.values()].filter((hint) => hint.object_id === objectId).map((hint) => hint.frame_idx); }

  get ids() { return [...new Set([...this.all.values()].map((hint) => hint.object_id))]; }

  // Put `hint` in the place of what was there; resolves when its masks are here.
  async put(hint, isAgain = false) {
    const key = name(hint.object_id, hint.frame_idx), before = this.of(hint.object_id, hint.frame_idx), start = performance.now();
    if (!isAgain) {
      this.before.push(before);
      this.undone = [];
    }
    const isEmpty = !hint.points.length && !hint.box && !hint.strokes.length;
    if (isEmpty) this.all.delete(key);
    else this.all.set(key, hint);
    const turn = (this.sent.get(hint.frame_idx) ?? 0) + 1;
    this.sent.set(hint.frame_idx, turn);
    this.busy++;
    this.onChange();
    try {
      const preview = await post(`/api/videos/${this.number}/${this.path}`, hint);
      if (this.sent.get(hint.frame_idx) === turn) {
        this.merge(hint, preview);
        this.sent.delete(hint.frame_idx);
      }
      this.times.push({ start, answered: performance.now(), took: preview.took_ms });
    } catch (problem) {
      if (before.points.length || before.box || before.strokes.length) this.all.set(key, before);
      else this.all.delete(key);
      if (!isAgain) this.before.pop();
      this.onProblem(problem);
    } finally {
      this.busy--;
      this.onChange();
    }
  }

  // The new mask of one object beside those of the others, which the server gives when it is asked next.
  merge(hint, preview) {
    const old = this.previews.get(hint.frame_idx) ?? { masks: [], problems: {} }, { [hint.object_id]: _, ...problems } = old.problems;
    const others = old.masks.filter((mask) => mask.object_id !== hint.object_id);
    this.previews.set(hint.frame_idx, { ...preview, masks: [...others, ...preview.masks], problems: { ...problems, ...preview.problems } });
  }

  // Something else was done that Z takes back.
  note(done) {
    this.before.push(done);
    this.undone = [];
  }

  undo() { return this.swap(this.before, this.undone); }

  redo() { return this.swap(this.undone, this.before); }

  // Put back the latest of `from`; what it replaces goes to `to`. A mark goes there as it is: who asked puts it back.
  swap(from, to) {
    const hint = from.pop();
    if (!hint) return null;
    if (hint.drawn) {
      to.push(hint);
      return hint;
    }
    to.push(this.of(hint.object_id, hint.frame_idx));
    this.put(hint, true);
    return hint;
  }

  forget(objectId) {
    for (const [key, hint] of this.all) if (hint.object_id === objectId) this.all.delete(key);
    for (const preview of this.previews.values()) preview.masks = preview.masks.filter((mask) => mask.object_id !== objectId);
    this.close([objectId]);
  }

  // Nothing of these objects is undone any more: they have masks now, or are gone.
  close(ids) {
    for (const list of ["before", "undone"]) this[list] = this[list].filter((hint) => !ids.includes(hint.object_id));
  }

  rename(objectId, text) {
    for (const [key, hint] of this.all) if (hint.object_id === objectId) this.all.set(key, { ...hint, name: text });
  }
}
