// What the page was written with: lists at once, details of objects when somebody looks at them.
const $ = (id) => document.getElementById(id);
const LISTS = JSON.parse($("lists").textContent), EMBEDDED = JSON.parse($("embedded").textContent);
const STATUSES = ["ACCEPTED", "REJECTED", "AMBIGUOUS", "unanswered"];
const ANSWERS = { ACCEPTED: "on the object", REJECTED: "off the object", AMBIGUOUS: "cannot tell", unanswered: "not answered yet" };

const VIDEOS = LISTS.videos.map(([id, facts, width, height, overlays, fps], place) => ({ id, facts, width, height, overlays, fps, place, objects: [], gain: 0 }));
const OBJECTS = LISTS.objects.map(([video, id, title, expression, colour, quality, nMasks, nAsked, nAnswered, nWrong, verified, chunk, place], number) => ({
  video: VIDEOS[video], id, title, expression, colour, quality, nMasks, nAsked, nAnswered, nWrong, verified, chunk, place, number, gain: 0, looks: [],
}));
const LOOKS = LISTS.looks.map(([object, frame, gain, reason, why, picture], rank) => ({ object: OBJECTS[object], frame, gain, reason, why, picture, rank }));
const MOST_GAIN = Math.max(1e-9, ...LOOKS.map((look) => look.gain));
for (const object of OBJECTS) object.video.objects.push(object);
for (const look of LOOKS) {
  look.object.looks.push(look);
  look.object.gain += look.gain;
  look.object.video.gain += look.gain;
}

const taken = new Map(), asked = new Map();
if (EMBEDDED) EMBEDDED.details.forEach((details, chunk) => taken.set(chunk, details));
window.pointvosReport = { take: (chunk, details) => taken.set(chunk, details) };

// The details of an object. Files beside a page that is opened as a file can be had as scripts only.
function detailsOf(object) {
  const found = () => taken.get(object.chunk)?.[object.place];
  if (found()) return Promise.resolve(found());
  if (!asked.has(object.chunk)) {
    asked.set(object.chunk, new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = LISTS.chunks[object.chunk];
      script.addEventListener("load", done);
      script.addEventListener("error", () => {
        asked.delete(object.chunk);
        failed(new Error(`${LISTS.chunks[object.chunk]} is missing. It lies beside this page: copy the whole folder, or write the report again.`));
      });
      document.head.append(script);
    }));
  }
  return asked.get(object.chunk).then(found);
}

const PICTURES = new Set(LISTS.pictures);
const addressOf = (picture) => EMBEDDED ? EMBEDDED.pictures[picture] : `${FIXED.pictures}/${picture}.jpg`;

// How the studio is opened at a frame, as it is typed in a shell.
const quoted = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
const studioCommand = (object, frame) => `pointvos studio --run ${quoted(LISTS.run)} --open ${quoted(`${object.video.id}:${frame}`)}`;
const studioPage = (object, frame) => `${LISTS.studio}/#${new URLSearchParams({ video: object.video.id, frame, object: object.id })}`;
