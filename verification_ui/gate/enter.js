// Exchanges the link for a session. The link's secret stands after the #, which browsers send to no server.
(async () => {
  const say = (text) => { document.getElementById("said").textContent = text[0].toUpperCase() + text.slice(1); };
  const given = new URLSearchParams(location.hash.slice(1));
  const email = given.get("email"), link = given.get("link"), at = given.get("at");
  if (!link) return;
  history.replaceState(null, "", location.pathname);
  const reply = await fetch("/enter", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ email, link }),
  });
  const answer = await reply.json();
  if (!reply.ok) return say(answer.detail);
  localStorage.setItem("pointvos-key", answer.key);
  location.replace(at ? `${answer.to}#${at}` : answer.to);
})();
