/** The command palette: goes to any page by its name, and to recent ones. */
import { onClick } from './page';

const dialog = document.querySelector<HTMLDialogElement>('dialog#palette');
const list = dialog?.querySelector<HTMLElement>('[role=listbox]') ?? null;
const box = dialog?.querySelector<HTMLInputElement>('input') ?? null;
const none = dialog?.querySelector<HTMLElement>('.palette-none') ?? null;

type Recent = { href: string; title: string };
const store = 'akashi.recent';

/** The pages of this tab, the newest first. They are forgotten with the tab. */
const recent = (): Recent[] => {
  try {
    return JSON.parse(sessionStorage.getItem(store) ?? '[]') as Recent[];
  } catch {
    return [];
  }
};

const remember = (): void => {
  const here = { href: location.pathname + location.search, title: document.title.replace(/ · [^·]*$/, '') };
  const rest = recent().filter((r) => r.href !== here.href);
  sessionStorage.setItem(store, JSON.stringify([here, ...rest].slice(0, 8)));
};

if (dialog && list && box) {
  remember();
  const fixed = [...list.querySelectorAll<HTMLElement>('[role=option]')];
  const known = new Set(fixed.map((o) => o.dataset['href']));
  for (const [i, r] of recent().slice(1).entries()) {
    if (known.has(r.href)) continue;
    const option = document.createElement('li');
    option.setAttribute('role', 'option');
    option.setAttribute('aria-selected', 'false');
    option.id = `palette-recent-${i}`;
    option.dataset['href'] = r.href;
    option.className = 'recent';
    const text = document.createElement('span');
    text.textContent = r.title;
    option.append(text);
    list.append(option);
  }
  const options = [...list.querySelectorAll<HTMLElement>('[role=option]')];
  let at = 0;
  const shown = (): HTMLElement[] => options.filter((o) => !o.hidden);
  const point = (n: number): void => {
    const some = shown();
    at = some.length ? (n + some.length) % some.length : 0;
    for (const o of options) o.setAttribute('aria-selected', String(o === some[at]));
    const chosen = some[at];
    box.setAttribute('aria-activedescendant', chosen?.id ?? '');
    chosen?.scrollIntoView({ block: 'nearest' });
  };
  const filter = (): void => {
    const words = box.value.normalize('NFKC').toLowerCase().split(/\s+/);
    for (const o of options) {
      const text = `${o.textContent ?? ''} ${o.dataset['href'] ?? ''}`.normalize('NFKC').toLowerCase();
      o.hidden = !words.every((w) => text.includes(w));
    }
    if (none) none.hidden = shown().length > 0;
    point(0);
  };
  const go = (option: HTMLElement | undefined): void => {
    const href = option?.dataset['href'];
    if (href?.startsWith('/')) location.assign(href);
  };
  const open = (): void => {
    box.value = '';
    filter();
    dialog.showModal();
    box.focus();
  };
  box.addEventListener('input', filter);
  box.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'ArrowDown') point(at + 1);
    else if (event.key === 'ArrowUp') point(at - 1);
    else if (event.key === 'Enter') go(shown()[at]);
    else return;
    event.preventDefault();
  });
  list.addEventListener('click', (event) => go((event.target as Element).closest<HTMLElement>('[role=option]') ?? undefined));
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (!dialog.open) open();
    }
  });
  onClick('[data-opens=palette]', open);
}
