// Parts of pages, fetched when they are needed.
import { text } from "./texts.js";

/** The server sent no part. The message is for the reader. */
export class NoPart extends Error {}

/** The part as a document of its own. An answer that refuses a form sends it with what is wrong: that is a part too. */
export async function fetchPart(address, options = {}) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, ...options }).catch(() => null);
  if (!answer) throw new NoPart(text("no_answer"));
  // Where the session has ended, the page for signing in comes instead.
  if (answer.redirected) throw new NoPart(text("signed_out"));
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  const stop = part.querySelector(".k-stop .box > p");
  if (stop || answer.status >= 500) throw new NoPart(stop?.textContent || text("no_answer"));
  return part;
}

/** Sends a form; the answer as of `fetchPart`. */
export function sendForm(address, form) {
  return fetchPart(address, { method: "POST", body: new FormData(form) });
}

/** Puts a part in the place of what an element holds. */
export function fillWith(element, part) {
  element.replaceChildren(...document.importNode(part.body, true).childNodes);
}
