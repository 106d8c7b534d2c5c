/** Small things that several scripts need of a page. */

/** A sentence that the server has put into the page, in the reader's language. */
export const word = (key: string): string => {
  const words = document.getElementById('words') as HTMLTemplateElement | null;
  return words?.content.querySelector(`[data-key="${key}"]`)?.textContent ?? key;
};

/** Whether keys go into a text at the moment. */
export const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])'));

/** Calls f for clicks on what the selector names, now and later. */
export const onClick = (selector: string, f: (found: HTMLElement, event: MouseEvent) => void): void => {
  document.addEventListener('click', (event) => {
    const found = (event.target as Element | null)?.closest?.<HTMLElement>(selector);
    if (found) f(found, event);
  });
};
