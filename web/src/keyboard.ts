/**
 * Keys of a list: j k move, x selects, Enter opens beside, e a l act on the row
 * or the selection, u undoes. Keys everywhere: / searches, ? lists the keys,
 * Escape closes. No key acts while text is typed or a modifier is held.
 */
import htmx from 'htmx.org';

import { typing } from './page';
import { close } from './panel';

const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-list] > [data-row]')];

const current = (): HTMLElement | null =>
  document.activeElement?.closest<HTMLElement>('[data-row]') ?? document.querySelector<HTMLElement>('[data-row].open');

const go = (row: HTMLElement | undefined): void => {
  const link = row?.querySelector<HTMLElement>('[data-open]') ?? row;
  link?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: 'nearest' });
};

const move = (step: number): void => {
  const all = rows();
  const at = all.indexOf(current() as HTMLElement);
  go(at < 0 ? all[step > 0 ? 0 : all.length - 1] : all[Math.max(0, Math.min(all.length - 1, at + step))]);
  // A panel that is open shows the row one has come to.
  const row = current();
  if (document.querySelector('#panel.open') && row && !row.classList.contains('open')) {
    row.querySelector<HTMLElement>('[data-panel]')?.click();
  }
};

/** Acts on the selected rows, or on the one with the focus. */
const act = (key: string): boolean => {
  const bulk = document.querySelector<HTMLButtonElement>(`[data-selection-bar]:not([hidden]) [data-key="${key}"]`);
  if (bulk) {
    bulk.click();
    return true;
  }
  const row = current();
  const to = row?.getAttribute(`data-key-${key}`);
  if (!row || !to) return false;
  const all = rows();
  const next = all[all.indexOf(row) + 1] ?? all[all.indexOf(row) - 1];
  const id = row.id;
  void htmx.ajax('POST', to, { source: row, target: row, swap: 'outerHTML' }).then(() => go(document.getElementById(id) ?? next));
  return true;
};

const keys: Record<string, () => boolean | void> = {
  j: () => move(1),
  k: () => move(-1),
  x: () => {
    const box = current()?.querySelector<HTMLInputElement>('[data-select]');
    box?.click();
    return box !== undefined && box !== null;
  },
  e: () => act('e'),
  a: () => act('a'),
  l: () => act('l'),
  u: () => {
    const all = document.querySelectorAll<HTMLButtonElement>('[data-toast] [data-undo] button');
    all[all.length - 1]?.click();
    return all.length > 0;
  },
  '/': () => {
    const box = document.querySelector<HTMLInputElement>('main [data-filter] input[type=search]') ?? document.querySelector<HTMLInputElement>('#find');
    box?.focus();
    box?.select();
    return box !== null;
  },
  '?': () => { document.querySelector<HTMLDialogElement>('dialog#keys')?.showModal(); },
};

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector('dialog[open]')) return;
  if (event.key === 'Escape') {
    if (typing(event.target)) (event.target as HTMLElement).blur();
    else if (close()) event.preventDefault();
    return;
  }
  if (typing(event.target)) return;
  const f = keys[event.key];
  if (f && f() !== false) event.preventDefault();
});
