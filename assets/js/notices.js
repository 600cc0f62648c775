// The bell of the top bar: [data-notices-url] answers {count, label, since, notices: [{id, text, url}]}, asked once a
// minute while the page is seen. What came since the page was written is shown at the lower left.
import { el } from "./dom.js";
import { toast } from "./toasts.js";

const PAUSE = 60_000;
const told = new Set();

function show(bell, { count, label, notices }) {
  const most = Number(bell.dataset.noticesMost);
  const number = bell.querySelector(".n");
  number.textContent = count > most ? `${most}+` : String(count);
  number.hidden = count === 0;
  bell.setAttribute("aria-label", label);
  bell.title = label;
  for (const notice of notices) {
    if (told.has(notice.id)) continue;
    told.add(notice.id);
    toast(el("a", { href: notice.url }, notice.text));
  }
}

/** False once the session has ended: then nothing more is asked. */
async function ask(bell) {
  const address = `${bell.dataset.noticesUrl}?since=${encodeURIComponent(bell.dataset.noticesSince)}`;
  const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.redirected || answer?.status === 401) return false;
  // A server that does not answer may be starting again: the next minute asks for all that came meanwhile.
  if (!answer?.ok) return true;
  const news = await answer.json();
  bell.dataset.noticesSince = news.since;
  show(bell, news);
  return true;
}

export function setUpNotices() {
  const bell = document.querySelector("[data-notices-url]");
  if (!bell) return;
  let asked = Date.now();
  let timer = 0;
  const look = async () => {
    if (document.hidden || Date.now() - asked < PAUSE) return;
    asked = Date.now();
    if (!(await ask(bell))) window.clearInterval(timer);
  };
  timer = window.setInterval(look, PAUSE / 4);
  document.addEventListener("visibilitychange", look);
}
