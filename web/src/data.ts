/** What pictures are drawn from, and in which colours. */

/** A colour of the page's style, as it is in the reader's theme: "rgb(…)". */
export const token = (name: string): string => {
  const probe = document.createElement('span');
  probe.hidden = true;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

/** The JSON of a picture: in a script inside or after the element, or fetched. */
export const data = async <T>(element: HTMLElement): Promise<T> => {
  const source = element.dataset['src'];
  if (source) {
    const response = await fetch(source, { headers: { Accept: 'application/json' } });
    if (!response.ok) throw new Error(`${source}: ${response.status}`);
    return await response.json() as T;
  }
  const after = element.nextElementSibling;
  const script = element.querySelector('script[type="application/json"]') ??
    (after?.matches('script[type="application/json"]') ? after : null);
  return JSON.parse(script?.textContent ?? 'null') as T;
};
