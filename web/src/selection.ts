/** Shows what can be done with the selected rows, and how many they are. */
import { onClick, word } from './page';

const boxes = (form: Element): HTMLInputElement[] => [...form.querySelectorAll<HTMLInputElement>('[data-select]')];

const count = (form: Element): void => {
  const n = boxes(form).filter((b) => b.checked).length;
  const bar = form.querySelector<HTMLElement>('[data-selection-bar]');
  if (!bar) return;
  bar.hidden = n === 0;
  const text = bar.querySelector('[data-selection-count]');
  if (text) text.textContent = word('selected').replace('#', n.toLocaleString(document.documentElement.lang));
};

let last: HTMLInputElement | null = null;

document.addEventListener('click', (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.matches('[data-select]')) return;
  const form = box.closest('[data-selection]');
  if (!form) return;
  if (event.shiftKey && last && form.contains(last)) {
    const all = boxes(form);
    const [a, b] = [all.indexOf(last), all.indexOf(box)].sort((x, y) => x - y) as [number, number];
    for (const between of all.slice(a, b + 1)) between.checked = box.checked;
  }
  last = box;
  count(form);
});

onClick('[data-selection-clear]', (button) => {
  const form = button.closest('[data-selection]');
  if (!form) return;
  for (const box of boxes(form)) box.checked = false;
  count(form);
});

const all = (): void => { for (const form of document.querySelectorAll('[data-selection]')) count(form); };
all();
document.addEventListener('htmx:after:swap', all);
