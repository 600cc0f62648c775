// What became of the message with a login code: asked for every second until that is known.
const EVERY = 1000;
const AT_MOST = 60;

async function watch(box, left) {
  const answer = await fetch(box.dataset.codeState, { headers: { Accept: "application/json" } });
  const { state } = answer.ok ? await answer.json() : { state: "" };
  if (!state && left) {
    setTimeout(() => watch(box, left - 1), EVERY);
    return;
  }
  for (const line of box.querySelectorAll("[data-state]")) line.hidden = line.dataset.state !== (state || "sending");
}

export function setUpSignInCode() {
  const box = document.querySelector("[data-code-state]");
  if (box && !box.querySelector("[data-state=sending]").hidden) watch(box, AT_MOST);
}
