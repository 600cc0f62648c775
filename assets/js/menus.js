// Popovers open by themselves (popovertarget); this puts a menu beside its button and gives it arrow keys.

const GAP = 6;

/** Puts an open menu under an element, or above it where there is more room. */
export function placeBeside(menu, element) {
  const anchor = element.getBoundingClientRect();
  const left = Math.min(anchor.left, window.innerWidth - menu.offsetWidth - GAP);
  const alignRight = anchor.left + menu.offsetWidth > window.innerWidth - GAP;
  menu.style.left = `${Math.max(GAP, alignRight ? Math.min(left, anchor.right - menu.offsetWidth) : anchor.left)}px`;
  const below = anchor.bottom + GAP;
  const fitsBelow = below + menu.offsetHeight <= window.innerHeight;
  menu.style.top = `${fitsBelow ? below : Math.max(GAP, anchor.top - menu.offsetHeight - GAP)}px`;
}

/** Puts an open menu where the reader pointed. */
export function placeAt(menu, x, y) {
  menu.style.left = `${Math.max(GAP, Math.min(x, window.innerWidth - menu.offsetWidth - GAP))}px`;
  menu.style.top = `${Math.max(GAP, Math.min(y, window.innerHeight - menu.offsetHeight - GAP))}px`;
}

function move(menu, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.target.closest("input, select, .ts-wrapper")) return;
  const items = [...menu.querySelectorAll(".mi:not([hidden]), .k-seg > *")];
  const next = items[(items.indexOf(document.activeElement) + step + items.length) % items.length];
  next?.focus();
  event.preventDefault();
}

export function setUpMenus() {
  // Menus come with fetched parts as well; a toggle does not bubble, but it can be caught on its way.
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (event.newState !== "open" || !menu.matches?.(".k-menu[popover]")) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`);
    if (button) placeBeside(menu, button);
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.(".k-menu[popover]");
    if (menu) move(menu, event);
  });
}
