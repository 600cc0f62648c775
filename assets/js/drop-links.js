// A record that is dragged onto the relationships of another one (out of a list, the search, another window) leads to the
// form that relates them: [data-drop-url] is the form's address, [data-drop-kinds] what a record of each register is by default.
const RECORD = /^(.*)\/show\/([0-9a-f]{24})$/;

/** The form's query for what was dropped; null for anything that is no record which can be related. */
function queryOf(event, kinds) {
  try {
    const url = new URL(event.dataTransfer.getData("text/uri-list").split("\n")[0]);
    const found = url.origin === window.location.origin ? RECORD.exec(url.pathname) : null;
    return found && kinds[found[1]] ? `${kinds[found[1]]}&other=${found[2]}` : null;
  } catch {
    return null;
  }
}

export function setUpDropping() {
  for (const place of document.querySelectorAll("[data-drop-url]")) {
    place.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("text/uri-list")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "link";
      place.classList.add("is-target");
    });
    for (const end of ["dragleave", "drop"]) place.addEventListener(end, () => place.classList.remove("is-target"));
    place.addEventListener("drop", (event) => {
      // The part that tells the kinds was fetched after the page.
      const told = place.querySelector("[data-drop-kinds]");
      const query = told && queryOf(event, JSON.parse(told.dataset.dropKinds));
      if (!query) return;
      event.preventDefault();
      window.location.assign(`${place.dataset.dropUrl}?${query}`);
    });
  }
}
