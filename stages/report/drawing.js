// Pictures with their points, and the plot of quality over time.
function ring([x, y, isForeground, code, stratum], radius) {
  const status = STATUSES[code], wrong = status === (isForeground ? "REJECTED" : "ACCEPTED"), cx = x + 0.5, cy = y + 0.5;
  const shape = (kind) => isForeground ? svg("circle", { class: kind, cx, cy, r: radius })
    : svg("rect", { class: kind, x: cx - radius, y: cy - radius, width: 2 * radius, height: 2 * radius });
  const cross = `M${cx - radius} ${cy - radius}L${cx + radius} ${cy + radius}M${cx - radius} ${cy + radius}L${cx + radius} ${cy - radius}`;
  return svg("g", { class: `ring ${status}` }, svg("title", {}, `${ANSWERS[status]}${wrong ? ": the mask is wrong here" : ""}, ${stratum.replaceAll("_", " ")}, (${x}, ${y})`),
    shape("under"), shape("over"), wrong ? svg("path", { class: "wrong", d: cross }) : null);
}

function picture(object, name, frame, rings = []) {
  const { width, height } = object.video;
  return el("div", { class: "frame", shape: `${width} / ${height}` },
    PICTURES.has(name) ? el("img", { src: addressOf(name), alt: `frame ${frame} with the mask of ${object.title}`, loading: "lazy" })
      : el("div", { class: "missing small" }, "no picture of this frame"),
    svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", class: "rings" }, rings.map((one) => ring(one, width / 88))));
}

function plot(object, details, frame) {
  const [width, height, left, right, top, bottom] = FIXED.plot, low = height - bottom;
  const x = (idx) => left + (width - left - right) * idx / Math.max(1, details.last), y = (value) => top + (low - top) * (1 - value);
  const quality = new Map(details.frames.map(([idx, value]) => [idx, value]));
  return svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `quality over time, mean ${object.quality.toFixed(2)}` },
    [0, 0.5, 1].map((value) => [svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 3, "text-anchor": "end" }, String(value))]).flat(),
    svg("text", { x: left, y: height - 4 }, "frame 0"), svg("text", { x: width - right, y: height - 4, "text-anchor": "end" }, String(details.last)),
    details.localized.map((at) => svg("line", { class: "localized", x1: at, x2: at, y1: top, y2: low }, svg("title", {}, "localized here"))),
    details.lines.map((points) => svg("polyline", { class: "curve", points })),
    [...quality].filter(([, value]) => value != null).map(([idx, value]) => svg("circle", { class: "chosen", cx: x(idx), cy: y(value), r: 3.5 }, svg("title", {}, `frame ${idx}, quality ${value.toFixed(2)}`))),
    svg("line", { class: "here", x1: x(frame), x2: x(frame), y1: top - 4, y2: low + 4 }));
}
