// The list that a reader comes from is remembered in the tab: a record's page then has the ways to the next one and the one
// before ([data-beside]), and the way back leads to the same list ([data-back-to-list]).
const PREFIX = "k-list:";

function remembered(path) {
  try {
    return window.sessionStorage.getItem(PREFIX + path);
  } catch {
    return null;
  }
}

function remember(path, query) {
  try {
    window.sessionStorage.setItem(PREFIX + path, query);
  } catch {
    // A browser that keeps nothing shows records without these ways.
  }
}

async function findBeside(place, query) {
  const answer = await fetch(place.dataset.beside + query, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const found = await answer.json();
  for (const side of ["before", "after"]) {
    const link = place.querySelector(`[data-${side}]`);
    if (found[side]) link.href = found[side];
    else {
      link.removeAttribute("href");
      link.removeAttribute("data-key");
      link.setAttribute("role", "link");
      link.setAttribute("aria-disabled", "true");
    }
  }
  place.hidden = !(found.before || found.after);
}

function forget() {
  try {
    window.sessionStorage.clear();
  } catch {
    // Nothing is kept.
  }
}

export function setUpBeside() {
  // Whoever stands before the login has no lists: what they were is nobody else's business.
  if (document.querySelector(".k-login")) forget();
  if (document.querySelector("table#records")) remember(window.location.pathname, window.location.search);
  const place = document.querySelector("[data-beside]");
  if (!place) return;
  const query = remembered(place.dataset.list);
  if (query === null) return;
  const back = document.querySelector("[data-back-to-list]");
  if (back && query) back.href = place.dataset.list + query;
  findBeside(place, query).catch(() => {});
}
