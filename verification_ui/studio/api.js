// Calls to the server. Each carries the session's key, which the browser keeps for this very origin.
const key = () => localStorage.getItem("pointvos-key") || "";

// Tells this page's own changes from those of another one.
export const PAGE = String(Math.random()).slice(2);

export class Problem extends Error {}

const LOST = "The studio does not answer. Is pointvos studio still running? What you drew is saved.";

async function call(path, init = {}) {
  const headers = { ...init.headers, "X-Pointvos-Key": key(), "X-Pointvos-Page": PAGE };
  let reply;
  try {
    reply = await fetch(path, { ...init, headers });
  } catch {
    throw new Problem(LOST);
  }
  if (reply.ok) return reply;
  const said = await reply.json().catch(() => ({}));
  throw new Problem(said.detail || `The studio answered ${reply.status}.`);
}

export const get = async (path) => (await call(path)).json();

export const post = async (path, body = {}) =>
  (await call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();

export const picture = async (path) => createImageBitmap(await (await call(path)).blob());

export const address = async (path) => URL.createObjectURL(await (await call(path)).blob());

// Server-sent events, read by fetch because EventSource sends no key; connects again when the line breaks.
export async function listen(onEvent, onLost) {
  for (;;) {
    try {
      const reader = (await call("/api/events")).body.pipeThrough(new TextDecoderStream()).getReader();
      onEvent("connected", {});
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const events = (text + value).split("\n\n");
        text = events.pop();
        for (const event of events) {
          const found = event.match(/^event: (\w+)\ndata: (.*)$/s);
          if (found) onEvent(found[1], JSON.parse(found[2]));
        }
      }
      onLost(new Problem(LOST));
    } catch (problem) { onLost(problem instanceof Problem ? problem : new Problem(LOST)); }
    await new Promise((done) => setTimeout(done, 1000));
  }
}
