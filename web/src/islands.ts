/**
 * Mounts the pictures: a page says with data-network or data-chart where one
 * stands, and only then its code is loaded.
 */
type Island = { mount(element: HTMLElement): void | Promise<void> };

const islands: Record<string, () => Promise<Island>> = {
  '[data-network]': () => import('./network'),
  '[data-chart]': () => import('./chart'),
};

const mounted = new WeakSet<Element>();

export const mountAll = (root: ParentNode): void => {
  for (const [selector, load] of Object.entries(islands)) {
    for (const element of root.querySelectorAll<HTMLElement>(selector)) {
      if (mounted.has(element)) continue;
      mounted.add(element);
      load().then((island) => island.mount(element)).catch((error: unknown) => {
        element.dataset['failed'] = '';
        console.error(error);
      });
    }
  }
};
