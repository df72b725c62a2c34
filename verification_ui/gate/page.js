// Shows the session's key with every call of this page, and how many questions are left. See gate/access.py.
(() => {
  const own = (address) => new URL(address, location.href).origin === location.origin;
  const key = () => localStorage.getItem("pointvos-key") || "";

  const plainFetch = window.fetch;
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (own(request.url)) request.headers.set("X-Pointvos-Key", key());
    const reply = await plainFetch(request);
    if (request.url.includes("/api/dm/actions")) showLeft();
    return reply;
  };

  const plainOpen = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    plainOpen.call(this, method, address, ...rest);
    if (own(address)) this.setRequestHeader("X-Pointvos-Key", key());
  };

  // Label Studio hears keys through the instructions that lie over the page: Enter would submit an unseen answer.
  for (const kind of ["keydown", "keypress", "keyup"]) window.addEventListener(kind, (event) => {
    const instructions = document.querySelector(".lsf-modal-ls_visible");
    if (instructions?.querySelector(".lsf-modal-ls__title")?.textContent !== "Labeling Instructions") return;
    event.stopImmediatePropagation();
    event.preventDefault();
    if (kind === "keydown" && ["Enter", "Escape", " "].includes(event.key)) instructions.querySelector("button").click();
  }, true);

  const showLeft = async () => {
    const project = location.pathname.match(/^\/projects\/(\d+)\//);
    if (!project) return;
    const reply = await plainFetch(`/pointvos/left/${project[1]}`, { headers: { "X-Pointvos-Key": key() } });
    if (!reply.ok) return;
    const { left, of } = await reply.json();
    const place = document.getElementById("pv-left") || document.body.appendChild(document.createElement("div"));
    place.id = "pv-left";
    place.style.cssText = "position:fixed;bottom:12px;right:412px;z-index:1001;font:600 13px/24px Inter,system-ui,sans-serif;" +
      "padding:0 9px;border:1px solid var(--color-neutral-border,#d5d9e0);border-radius:99px;pointer-events:none;" +
      "background:var(--color-neutral-background,#fff);color:var(--color-neutral-content,#111)";  // beside Skip and Submit
    place.textContent = `${left.toLocaleString("en")} of ${of.toLocaleString("en")} left`;
  };
})();
