// The list of videos: entries stay as they are while their texts change, thumbnails are fetched as they come into view.
import { address } from "./api.js";
import { $, make } from "./dom.js";

export const STATES = { new: "no hints yet", hinted: "hints", tracking: "tracking …", correcting: "correcting …", paused: "paused", tracked: "tracked" };
export const UNREADABLE = "cannot be read";
const MANY = 8;
const entries = new Map(), unreadable = new Set();
let shown = null;  // the video to which the list was scrolled
const near = new IntersectionObserver((found) => {
  for (const { target, isIntersecting } of found) if (isIntersecting) fetchThumbnail(target);
}, { rootMargin: "400px" });

export function showVideos(videos, current, choose) {
  if (entries.size !== videos.length) begin(videos, choose);
  for (const video of videos) showOne(video, video.number === current);
  if (current !== shown) entries.get(current)?.scrollIntoView({ block: "nearest" });
  shown = current;
}

function begin(videos, choose) {
  entries.clear();
  for (const { number, name } of videos) {
    const image = make("img", { alt: "", "data-number": number });
    entries.set(number, make("button", { type: "button", title: name, onclick: () => choose(number) },
      image, make("span", { class: "name" }, name), make("span", { class: "facts" }, make("span"), make("span"))));
    near.observe(image);
  }
  $("videos").replaceChildren(...entries.values());
  $("filter").hidden = videos.length < MANY;
}

function showOne(video, isCurrent) {
  const entry = entries.get(video.number), [state, objects] = entry.querySelectorAll(".facts span");
  if (isCurrent) entry.setAttribute("aria-current", "true");
  else entry.removeAttribute("aria-current");
  state.textContent = video.problem || unreadable.has(video.number) ? UNREADABLE : STATES[video.state];
  objects.textContent = video.n_objects ? `${video.n_objects} object${video.n_objects > 1 ? "s" : ""}` : "";
}

async function fetchThumbnail(image) {
  near.unobserve(image);
  const number = Number(image.dataset.number);
  try {
    image.src = await address(`/api/videos/${number}/thumbnail`);
  } catch {
    unreadable.add(number);
    entries.get(number).querySelector(".facts span").textContent = UNREADABLE;
  }
}

// Only the videos whose names hold what is typed.
export function filterVideos(text) {
  const wanted = text.trim().toLowerCase();
  for (const entry of entries.values()) entry.hidden = !entry.title.toLowerCase().includes(wanted);
}
