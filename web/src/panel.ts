/** The panel beside a list: opened by htmx, closed here without a reload. */
import { onClick } from './page';

const panel = (): HTMLElement | null => document.getElementById('panel');

/** Marks the row whose panel is open. */
const mark = (id: string | null): void => {
  for (const row of document.querySelectorAll<HTMLElement>('[data-row]')) {
    const is = row.dataset['row'] === id;
    row.classList.toggle('open', is);
    const link = row.querySelector('[data-open]');
    if (is) link?.setAttribute('aria-current', 'true');
    else link?.removeAttribute('aria-current');
  }
};

/** Closes the panel and says whether one was open. */
export const close = (): boolean => {
  const p = panel();
  if (!p?.classList.contains('open')) return false;
  const row = document.querySelector<HTMLElement>('[data-row].open [data-open]');
  history.pushState({ htmx: true }, '', p.dataset['close'] || location.pathname);
  document.dispatchEvent(new Event('akashi:address'));
  p.replaceChildren();
  p.classList.remove('open');
  p.hidden = true;
  mark(null);
  row?.focus();
  return true;
};

onClick('[data-panel-close]', (_, event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  close();
});

onClick('[data-panel]', (link, event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  mark(link.closest<HTMLElement>('[data-row]')?.dataset['row'] ?? null);
});
