/** Copies an address or the page's own link. */
import { onClick, word } from './page';
import { toast } from './toast';

const copy = async (text: string): Promise<void> => {
  await navigator.clipboard.writeText(text);
  toast(word('copied'));
};

onClick('[data-copy]', (button) => { void copy(button.dataset['copy'] ?? ''); });
onClick('[data-copy-link]', () => { void copy(location.href); });
