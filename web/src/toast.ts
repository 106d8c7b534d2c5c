/** Notes of what was done. They leave by themselves, but for what went wrong. */
import { onClick, word } from './page';

const stays = 12_000;

const watch = (note: HTMLElement): void => {
  if (note.dataset['watched'] !== undefined || note.classList.contains('bad')) return;
  note.dataset['watched'] = '';
  const leave = (): void => {
    if (note.matches(':hover, :focus-within')) setTimeout(leave, stays);
    else note.remove();
  };
  setTimeout(leave, stays);
};

/** Shows a note. */
export const toast = (text: string, bad = false): void => {
  const note = document.createElement('div');
  note.className = bad ? 'toast bad' : 'toast';
  note.dataset['toast'] = '';
  const p = document.createElement('p');
  p.textContent = text;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'quiet';
  close.dataset['toastClose'] = '';
  close.textContent = word('close');
  note.append(p, close);
  document.getElementById('toasts')?.append(note);
};

const place = document.getElementById('toasts');
if (place) {
  const all = (): void => {
    const notes = [...place.querySelectorAll<HTMLElement>('[data-toast]')];
    for (const note of notes.slice(0, -3)) note.remove();
    for (const note of notes) watch(note);
  };
  all();
  new MutationObserver(all).observe(place, { childList: true });
}

onClick('[data-toast-close]', (button) => { button.closest('[data-toast]')?.remove(); });

// The server could not be reached: htmx has nothing to show for it.
document.addEventListener('htmx:error', (event) => {
  const detail = (event as CustomEvent<{ ctx?: { response?: unknown } }>).detail;
  if (!detail?.ctx?.response) toast(word('lost'), true);
});
