// Colours of objects by their number: far apart from each other, and light enough for dark digits.
const COLOURS = ["#ff9f43", "#4fb8ff", "#7bd857", "#f178b6", "#ffd84d", "#a58bff", "#3fd6c1", "#ff7a6b", "#c3cf4a", "#d9a0ff"];

export function colour(objectId) {
  const number = /^\d+$/.test(objectId) ? Number(objectId) - 1 : [...objectId].reduce((sum, c) => sum + c.codePointAt(0), 0);
  return COLOURS[((number % COLOURS.length) + COLOURS.length) % COLOURS.length];
}

export function ofQuality(quality) {
  const [bad, doubt, good] = [[242, 116, 107], [240, 181, 74], [82, 201, 139]];
  const [from, to, share] = quality < 0.5 ? [bad, doubt, quality * 2] : [doubt, good, quality * 2 - 1];
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * Math.min(1, Math.max(0, share)))).join()})`;
}
