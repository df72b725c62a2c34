// One frame, large, with all that is known of its object.
const shown = { list: [], place: 0, frame: 0, details: null };

function openDialog(list, place, frame = null) {
  Object.assign(shown, { list, place });
  const { object, frame: first } = list[place];
  shown.frame = frame ?? first;
  if (!$("large").open) $("large").showModal();
  fillDialog(object, null);
  detailsOf(object).then((details) => {
    if (shown.list[shown.place]?.object !== object) return;
    shown.details = details;
    if (shown.frame == null) shown.frame = details.frames[0]?.[0] ?? 0;
    fillDialog(object, details);
  }).catch((problem) => { $("large-words").append(el("p", { class: "problem" }, problem.message)); });
}

function stepDialog(step) {
  const place = shown.place + step;
  if (shown.list[place]) openDialog(shown.list, place);
}

function showFrame(frame) {
  shown.frame = frame;
  fillDialog(shown.list[shown.place].object, shown.details);
}

function fillDialog(object, details) {
  const { frame } = shown, look = object.looks.find((one) => one.frame === frame);
  const [, quality, name, rings] = details?.frames.find(([idx]) => idx === frame) ?? [frame, null, look?.picture ?? "", []];
  $("large").style.setProperty("--tint", object.colour);
  $("large-title").replaceChildren(swatch(), object.title);
  $("large-place").textContent = `${shown.place + 1} of ${shown.list.length.toLocaleString("en")}`;
  $("large-where").textContent = `${object.video.id} · frame ${frame}${quality == null ? "" : ` · quality ${quality.toFixed(2)}`}`;
  $("large-picture").replaceChildren(picture(object, name, frame, rings));
  $("large-before").disabled = shown.place === 0;
  $("large-next").disabled = shown.place === shown.list.length - 1;
  $("large-words").replaceChildren(...words(object, details, look, rings).filter(Boolean));
  $("large-frames").replaceChildren(...(details?.frames ?? []).map((one) => thumbnail(object, one)));
}

function words(object, details, look, rings) {
  const { frame } = shown, answered = details?.counts.filter(([name]) => name !== "unanswered") ?? [];
  return [
    object.expression && object.expression !== object.title ? el("p", { class: "soft" }, `“${object.expression}”`) : null,
    look ? el("p", { class: "why" }, look.why) : null,
    look ? el("p", { class: "soft small" }, `Expected gain: as much as ${count(Number(look.gain.toFixed(1)), "wrong frame")} corrected.`) : null,
    el("p", { class: "small" }, object.nAsked ? `${count(object.nAnswered, "point")} of ${object.nAsked.toLocaleString("en")} answered${answered.length ? `: ${answered.map(([name, n]) => `${n.toLocaleString("en")} ${name}`).join(", ")}` : ""}.`
      : "Nobody is asked about this object."),
    rings.length ? legend(rings) : null,
    details?.errors ? el("p", { class: "small soft" }, details.errors) : null,
    details ? plot(object, details, frame) : el("p", { class: "soft" }, "…"),
    correctIt(object, frame),
    details?.remarks.length ? el("details", { class: "small" }, el("summary", {}, count(details.remarks.length, "automatic repair")), details.remarks.map((text) => el("p", { class: "soft" }, text))) : null,
  ];
}

function legend(rings) {
  const kinds = new Map(rings.map((one) => [`${one[2]}${one[3]}`, one]));
  return el("div", { class: "legend small" }, [...kinds.values()].map(([, , isForeground, code]) => {
    const wrong = STATUSES[code] === (isForeground ? "REJECTED" : "ACCEPTED");
    return el("span", {}, svg("svg", { viewBox: "0 0 20 20" }, ring([9.5, 9.5, isForeground, code, ""], 5)),
      wrong ? (isForeground ? "off the object: mask wrong" : "on the object: mask misses it") : ANSWERS[STATUSES[code]]);
  }));
}

function correctIt(object, frame) {
  const command = studioCommand(object, frame), at = (frame / (object.video.fps || 24)).toFixed(2);
  const copy = el("button", { type: "button", onclick: () => copyText(command, copy) }, "Copy");
  return el("div", { class: "correct" }, el("div", { class: "small soft" }, "Correct it in the studio:"), el("div", { class: "command" }, el("code", {}, command), copy),
    el("div", { class: "links small" },
      LISTS.studio ? el("a", { href: studioPage(object, frame), target: "_blank", rel: "noopener" }, "Open in the studio, if it is running") : null,
      object.video.overlays.map(([what, address]) => el("a", { href: `${address}#t=${at}`, target: "_blank", rel: "noopener" }, `Play ${what} from here`))));
}

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = $("large").appendChild(el("textarea", {}, text));
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

function thumbnail(object, [frame, quality, name, rings]) {
  const isHere = frame === shown.frame;
  return el("button", { type: "button", class: "thumb", "aria-current": isHere ? "true" : null, onclick: () => showFrame(frame) },
    picture(object, name, frame, rings), el("span", { class: "small soft" }, `frame ${frame}`), el("span", { class: "small soft" }, quality == null ? "no mask" : quality.toFixed(2)));
}
