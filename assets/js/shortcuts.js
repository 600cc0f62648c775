// "/" goes to the page's search field.

function typing(target) {
  return target.isContentEditable || target.closest("input, textarea, select, dialog");
}

export function setUpShortcuts() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const search = document.querySelector("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select?.();
  });
}
