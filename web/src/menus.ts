/** Menus (details) close at Escape, at a click elsewhere, and when left. */
const unfolded = (): NodeListOf<HTMLDetailsElement> => document.querySelectorAll<HTMLDetailsElement>('details[data-menu][open]');

document.addEventListener('click', (event) => {
  for (const menu of unfolded()) if (!menu.contains(event.target as Node)) menu.open = false;
});
document.addEventListener('focusin', (event) => {
  for (const menu of unfolded()) if (!menu.contains(event.target as Node)) menu.open = false;
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of unfolded()) {
    menu.open = false;
    menu.querySelector('summary')?.focus();
    event.stopImmediatePropagation();
  }
});

export {};
