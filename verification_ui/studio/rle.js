// COCO compressed counts: runs down the columns, background first.

export function counts(rle) {
  const found = [];
  for (let at = 0; at < rle.length;) {
    let value = 0, shift = 0, code;
    do {
      code = rle.charCodeAt(at++) - 48;
      value |= (code & 31) << shift;
      shift += 5;
    } while (code & 32);
    if (code & 16 && shift < 32) value |= -1 << shift;
    found.push(found.length > 2 ? value + found[found.length - 2] : value);
  }
  return found;
}

// Vertical pieces [x, y, length] of a mask, and the box [x0, y0, x1, y1] around them (null when it is empty).
export function pieces(rle, height) {
  const found = [], box = [Infinity, Infinity, 0, 0];
  let at = 0;
  counts(rle).forEach((length, number) => {
    if (number % 2) {
      for (let from = at, left = length; left > 0;) {
        const x = Math.floor(from / height), y = from % height, here = Math.min(left, height - y);
        found.push([x, y, here]);
        box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
        box[2] = Math.max(box[2], x + 1); box[3] = Math.max(box[3], y + here);
        from += here; left -= here;
      }
    }
    at += length;
  });
  return { pieces: found, box: found.length ? box : null };
}
