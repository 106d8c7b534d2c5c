/**
 * Follows a job: an element with data-events names a stream; each of its events
 * "progress" brings the element anew, and "done" loads the page again where the
 * element has data-reload.
 */
const streams = new Map<string, EventSource>();

const follow = (): void => {
  for (const element of document.querySelectorAll<HTMLElement>('[data-events]')) {
    const url = element.dataset['events'] ?? '';
    if (!url || streams.has(url)) continue;
    const id = element.id;
    const reload = element.dataset['reload'] !== undefined;
    const stream = new EventSource(url);
    streams.set(url, stream);
    const end = (): void => {
      stream.close();
      streams.delete(url);
    };
    stream.addEventListener('progress', (event: MessageEvent<string>) => {
      const there = document.getElementById(id);
      if (!there) return end();
      there.outerHTML = event.data;
    });
    stream.addEventListener('done', () => {
      end();
      if (reload) location.reload();
    });
  }
};

follow();
document.addEventListener('htmx:after:swap', follow);
addEventListener('pagehide', () => { for (const stream of streams.values()) stream.close(); });
