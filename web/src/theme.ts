/** Changes the colours at once and tells the server, so that they stay. */
document.addEventListener('change', (event) => {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || !select.matches('[data-theme-select]')) return;
  const root = document.documentElement;
  if (select.value) root.dataset['theme'] = select.value;
  else delete root.dataset['theme'];
  document.dispatchEvent(new CustomEvent('akashi:theme'));
  void fetch('/theme', {
    method: 'POST', body: new URLSearchParams({ theme: select.value }), headers: { 'X-Akashi-Script': 'theme' },
  });
});

export {};
