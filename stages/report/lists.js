// The three lists, filtered, sorted and page by page: only what is in view is made.
const view = { kind: LOOKS.length ? "looks" : "objects", page: 0, found: [] };
const A_PAGE = { looks: 24, objects: 50, videos: 50 };

const KINDS = {
  looks: { all: LOOKS, what: "frame", sorts: { gain: ["highest gain", (a, b) => a.rank - b.rank], video: ["video", (a, b) => a.object.number - b.object.number || a.frame - b.frame] } },
  objects: { all: OBJECTS.map((object) => ({ object, frame: object.looks[0]?.frame ?? null })), what: "object", sorts: {
    gain: ["highest gain", (a, b) => b.object.gain - a.object.gain || a.object.number - b.object.number],
    video: ["video and name", (a, b) => a.object.number - b.object.number],
    quality: ["lowest quality", (a, b) => a.object.quality - b.object.quality],
    wrong: ["most contradicted", (a, b) => b.object.nWrong - a.object.nWrong || b.object.gain - a.object.gain],
  } },
  videos: { all: VIDEOS.map((video) => ({ video })), what: "video", sorts: { gain: ["highest gain", (a, b) => b.video.gain - a.video.gain || a.video.place - b.video.place], video: ["name", (a, b) => a.video.place - b.video.place] } },
};

function find() {
  const text = (id) => $(id).value.trim().toLowerCase(), [video, object, reason, verified] = ["in-video", "of-object", "of-reason", "of-verified"].map(text);
  const isWhole = VIDEOS.some((one) => one.id.toLowerCase() === video);  // the id of a video may begin that of another
  const isOf = (id) => isWhole ? id === video : id.includes(video);
  const isNamed = (one) => !object || one.title.toLowerCase().includes(object) || one.id.toLowerCase() === object || one.expression.toLowerCase().includes(object);
  const fits = (one) => isNamed(one) && (!verified || one.verified === verified);
  const hasReason = (one) => !reason || one.looks.some((look) => look.reason === reason);
  return KINDS[view.kind].all.filter((item) => {
    if (video && !isOf((item.video ?? item.object.video).id.toLowerCase())) return false;
    if (view.kind === "looks") return fits(item.object) && (!reason || item.reason === reason);
    if (view.kind === "objects") return fits(item.object) && hasReason(item.object);
    return (!object && !verified && !reason) || item.video.objects.some((one) => fits(one) && hasReason(one));
  });
}

function showList(page = 0) {
  const { sorts, what } = KINDS[view.kind], size = A_PAGE[view.kind];
  if ($("sort").dataset.kind !== view.kind) {
    $("sort").dataset.kind = view.kind;
    $("sort").replaceChildren(...Object.entries(sorts).map(([value, [name]]) => el("option", { value }, name)));
  }
  view.found = find().sort(sorts[$("sort").value][1]);
  const nPages = Math.max(1, Math.ceil(view.found.length / size));
  view.page = Math.min(Math.max(0, page), nPages - 1);
  for (const button of document.querySelectorAll("[data-kind][role=tab]")) button.setAttribute("aria-selected", String(button.dataset.kind === view.kind));
  $("found").textContent = view.found.length === KINDS[view.kind].all.length ? count(view.found.length, what) : `${count(view.found.length, what)} of ${KINDS[view.kind].all.length.toLocaleString("en")}`;
  for (const pager of document.querySelectorAll(".pager")) {
    pager.hidden = nPages === 1;
    pager.querySelector(".page").textContent = `page ${(view.page + 1).toLocaleString("en")} of ${nPages.toLocaleString("en")}`;
    pager.querySelector(".before").disabled = view.page === 0;
    pager.querySelector(".next").disabled = view.page === nPages - 1;
  }
  const start = view.page * size, part = view.found.slice(start, start + size);
  $("list").className = view.kind === "looks" ? "cards" : "rows";
  $("list").replaceChildren(...(part.length ? part.map((item, i) => makers[view.kind](item, start + i)) : [el("p", { class: "soft" }, nothing())]));
}

function nothing() {
  if (KINDS[view.kind].all.length) return "Nothing matches the filter.";
  return view.kind === "looks" ? "No frame stands out: no mask is doubtful, and nobody contradicted one." : "The run has none.";
}

const makers = {
  looks: (look, place) => el("button", { type: "button", class: "card look", tint: look.object.colour, onclick: () => openDialog(view.found, place) },
    picture(look.object, look.picture, look.frame),
    el("span", { class: "title" }, swatch(), el("b", {}, look.object.title)), el("span", { class: "small soft" }, `${look.object.video.id} · frame ${look.frame}`),
    el("span", { class: "small" }, look.why),
    el("span", { class: "small soft gain" }, meter(look.gain / MOST_GAIN, "expected gain"), `gain ${look.gain.toFixed(1)} frames`)),
  objects: (item, place) => {
    const { object } = item;
    return el("button", { type: "button", class: "card row", tint: object.colour, onclick: () => openDialog(view.found, place) },
      el("span", { class: "title" }, swatch(), el("b", {}, object.title)), el("span", { class: "small soft" }, object.video.id),
      el("span", { class: "small" }, `quality ${object.quality.toFixed(2)}`, meter(object.quality, `mean quality ${object.quality.toFixed(2)}`)),
      el("span", { class: "small" }, object.nAsked ? `${percent(object.nAnswered / object.nAsked)} of ${count(object.nAsked, "point")} answered` : FIXED.verified.not_asked, object.nAsked ? meter(object.nAnswered / object.nAsked, "answered") : null),
      el("span", { class: "small" }, object.nWrong ? `${count(object.nWrong, "point")} contradicted` : ""),
      el("span", { class: "small soft" }, object.looks.length ? `${count(object.looks.length, "frame")} to check` : "nothing stands out"));
  },
  videos: ({ video }) => el("div", { class: "card row video" },
    el("button", { type: "button", class: "plain title", onclick: () => showObjectsOf(video) }, el("b", {}, video.id)), el("span", { class: "small soft" }, video.facts),
    el("span", { class: "small" }, count(video.objects.length, "object")),
    el("span", { class: "small soft" }, video.gain ? `gain ${video.gain.toFixed(1)} frames` : "nothing stands out"),
    el("span", { class: "small links" }, video.overlays.map(([what, address]) => el("a", { href: address, target: "_blank", rel: "noopener" }, what)))),
};

function showObjectsOf(video) {
  $("in-video").value = video.id;
  showKind("objects");
}

function showKind(kind) {
  view.kind = kind;
  showList();
}
