// Elements. Text is always set as text: names may hold anything.
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "tint") element.style.setProperty("--tint", value);
    else if (name === "shape") element.style.setProperty("--shape", value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== ""));
  return element;
}

const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const count = (number, what, several = `${what}s`) => `${number.toLocaleString("en")} ${number === 1 ? what : several}`;
const percent = (share) => `${(100 * share).toFixed(0)} %`;
const swatch = () => el("span", { class: "swatch" });

function meter(share, label) {
  return svg("svg", { class: "meter", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("rect", { class: "track", width: 100, height: 6, rx: 3 }), svg("rect", { class: "value", width: Math.max(0, Math.min(100, 100 * share)), height: 6, rx: 3 }));
}
