// Panels whose content the page fetches when somebody reaches for their button: [popover][data-panel-url].
import { showDensity } from "./density.js";
import { setUpMoreColumns } from "./more-fields.js";
import { placeBeside } from "./menus.js";
import { fetchPart, fillWith } from "./parts.js";
import { setUpSorting } from "./sorting.js";
import { toast } from "./toasts.js";

async function fill(panel) {
  fillWith(panel, await fetchPart(panel.dataset.panelUrl));
  for (const form of panel.querySelectorAll("form[data-sends-query]")) form.elements[form.dataset.sendsQuery].value = window.location.search;
  setUpSorting(panel);
  setUpMoreColumns(panel);
  showDensity(panel);
}

export function setUpPanels() {
  for (const panel of document.querySelectorAll("[popover][data-panel-url]")) {
    const button = document.querySelector(`[popovertarget="${panel.id}"]`);
    let filled = null;
    const prepare = () => (filled ??= fill(panel));
    const forget = () => { filled = null; };
    for (const reach of ["pointerenter", "focus"]) button?.addEventListener(reach, () => prepare().catch(forget));
    panel.addEventListener("toggle", async (event) => {
      if (event.newState !== "open") return;
      try {
        await prepare();
        placeBeside(panel, button);
      } catch (problem) {
        // The next opening tries again.
        forget();
        panel.hidePopover();
        toast(problem.message, "danger");
      }
    });
  }
}
