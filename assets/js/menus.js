// Popovers open by themselves (popovertarget); this puts a menu beside its button and gives it arrow keys.

function place(menu, button) {
  const anchor = button.getBoundingClientRect();
  const gap = 6;
  const left = Math.min(anchor.left, window.innerWidth - menu.offsetWidth - gap);
  const alignRight = anchor.left + menu.offsetWidth > window.innerWidth - gap;
  menu.style.left = `${Math.max(gap, alignRight ? Math.min(left, anchor.right - menu.offsetWidth) : anchor.left)}px`;
  const below = anchor.bottom + gap;
  const fitsBelow = below + menu.offsetHeight <= window.innerHeight;
  menu.style.top = `${fitsBelow ? below : Math.max(gap, anchor.top - menu.offsetHeight - gap)}px`;
}

function move(menu, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.closest("input, select, .ts-wrapper")) return;
  const items = [...menu.querySelectorAll(".mi, .k-seg > *")];
  const next = items[(items.indexOf(document.activeElement) + step + items.length) % items.length];
  next?.focus();
  event.preventDefault();
}

export function setUpMenus() {
  for (const menu of document.querySelectorAll(".k-menu[popover]")) {
    const button = document.querySelector(`[popovertarget="${menu.id}"]`);
    menu.addEventListener("toggle", (event) => {
      if (event.newState === "open" && button) place(menu, button);
    });
    menu.addEventListener("keydown", (event) => move(menu, event));
  }
}
