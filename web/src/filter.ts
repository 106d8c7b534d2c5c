/**
 * Completes fields in the filter bar: the browser offers the list of fields for
 * the whole text; here it is offered for the word that is being typed.
 */
document.addEventListener('input', (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.matches('[data-completes]')) return;
  const list = document.getElementById(box.getAttribute('list') ?? '') as HTMLDataListElement | null;
  if (!list) return;
  const at = box.selectionStart ?? box.value.length;
  if (at !== box.value.length) return;
  const before = box.value.slice(0, at).replace(/[^\s(-]*$/, '');
  for (const option of list.options) {
    option.dataset['text'] ??= option.value;
    option.value = before + option.dataset['text'];
  }
});

export {};
