/** Small help in forms. */

// A password is shown while its box is ticked.
document.addEventListener('change', (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.dataset['shows'] === undefined) return;
  const field = document.getElementById(box.dataset['shows']);
  if (field instanceof HTMLInputElement) field.type = box.checked ? 'text' : 'password';
});

// The browser knows all time zones; the page offers a few.
for (const list of document.querySelectorAll<HTMLDataListElement>('[data-zones]')) {
  list.replaceChildren(...['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => new Option(zone, zone)));
}

export {};
