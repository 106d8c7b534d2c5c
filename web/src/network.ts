/**
 * A network of groups and accounts, drawn with sigma. It mounts on an element
 * with data-network, whose JSON stands in a script beside it or is fetched from
 * data-src:
 *
 *   {"nodes": [{"id", "kind": "group" | "account", "label", "text", "x", "y",
 *               "size", "group", "href", "first", "last"}],
 *    "edges": [{"source", "target", "kind": "link" | "edge", "text", "size",
 *               "w", "q", "first", "last"}],
 *    "focus": {"x", "y", "r"}, "page", "tail", "panel", "left"}
 *
 * The server computes the layout: places and sizes are in one unit, x and y in
 * 0…1 with y downwards, size being a radius or a width. Only id, x, y, size and
 * group of a node and source and target of an edge are needed. Colours come
 * from the page's tokens.
 *
 *   data-readout    id of the element that says what is pointed at
 *   data-controls   id of a form with ranges named from, to (seconds), q (an
 *                   exponent: q ≤ 10^−v) and w, which say what is shown; each
 *                   may have an output beside it
 *   aria-controls + data-network-do="in|out|fit|png" on buttons
 *   data-network-picked on an element beside it, which lists the nodes within a
 *                   rectangle that is drawn with Shift held: it has data-one
 *                   and data-other, sentences with # for how many, an element
 *                   data-network-count for them, a ul, a button
 *                   data-network-clear
 *
 * A click opens a node's href; an edge's page is page + "source/target" + tail,
 * and where there is panel, panel + "source~target" in the page's panel. A
 * bubbling event akashi:node {id, href} or akashi:edge {a, b, href, panel} comes
 * first, and prevents it where it is cancelled. Arrow keys move the picture, + and
 * − change its size, 0 fits it.
 *
 * Once it is drawn the element has data-ready, and as element.akashi a handle
 * for tests and other scripts: at(id) is where a node is on the screen, at(a, b)
 * the middle of an edge; shown() counts what the controls leave.
 */
import Graph from 'graphology';
import Sigma from 'sigma';

import { data, token } from './data';

type Node = {
  id: string; kind?: 'group' | 'account'; label?: string; text?: string; x: number; y: number; size: number; group: number;
  href?: string; first?: number; last?: number;
};
type Edge = {
  source: string; target: string; kind?: 'link' | 'edge'; text?: string; size?: number; weight?: number; w?: number; q?: number;
  first?: number; last?: number;
};
type Disc = { x: number; y: number; r: number };
type Network = { nodes: Node[]; edges: Edge[]; focus?: Disc; page?: string; tail?: string; panel?: string; left?: string };
type Place = { x: number; y: number };
export type Handle = { at(a: string, b?: string): Place | null; shown(): { nodes: number; edges: number } };
declare global {
  interface HTMLElement { akashi?: Handle }
}

/** What of the network is shown. */
type Choice = { from: number; to: number; q: number; w: number };
const everything: Choice = { from: -Infinity, to: Infinity, q: Infinity, w: -Infinity };

/** How many of the nodes picked are listed. */
const mostPicked = 200;

/** The colours of groups in the reader's theme: eight, and grey from the ninth. */
const palette = (): ((group: number) => string) => {
  const some = Array.from({ length: 8 }, (_, i) => token(`--group-${i + 1}`));
  const rest = token('--group-rest');
  return (group) => some[group - 1] ?? rest;
};

/** Whether the browser can draw it at all. */
const draws = (): boolean => {
  const probe = document.createElement('canvas');
  return (probe.getContext('webgl2') ?? probe.getContext('webgl')) !== null;
};

/** Reads the form of sliders, writes what they say beside them. */
const choiceOf = (form: HTMLFormElement): Choice => {
  const lang = document.documentElement.lang;
  const when = new Intl.DateTimeFormat('sv-SE', { timeZone: form.dataset['zone'] ?? 'UTC', dateStyle: 'short', timeStyle: 'short' });
  const choice = { ...everything };
  for (const input of form.querySelectorAll<HTMLInputElement>('input[type=range]')) {
    const v = input.valueAsNumber;
    let says = form.dataset['all'] ?? '';
    if (input.name === 'from' || input.name === 'to') {
      // Its end asks for nothing, so that no rounding takes anything out.
      if (v !== Number(input.name === 'from' ? input.min : input.max)) choice[input.name] = v;
      says = when.format(v * 1000);
    } else if (v > 0 && input.name === 'q') {
      choice.q = 10 ** -v;
      says = `≤ ${choice.q < 0.001 ? choice.q.toExponential(1) : new Intl.NumberFormat(lang, { maximumFractionDigits: 3 }).format(choice.q)}`;
    } else if (v > 0 && input.name === 'w') {
      choice.w = v;
      says = `≥ ${Number(v.toPrecision(4))}`;
    }
    const output = input.parentElement?.querySelector('output');
    if (output && output.textContent !== says) output.textContent = says;
    input.setAttribute('aria-valuetext', says);
  }
  return choice;
};

const within = (c: Choice, first?: number, last?: number): boolean =>
  (last === undefined || last >= c.from) && (first === undefined || first <= c.to);

export const mount = async (element: HTMLElement): Promise<void> => {
  if (!draws()) throw new Error('WebGL is not available');
  const network = await data<Network>(element);
  const graph = new Graph({ type: 'undirected' });
  const accounts = network.nodes.filter((n) => n.kind === 'account').length;
  // Sigma's y goes upwards.
  for (const n of network.nodes) graph.mergeNode(n.id, { ...n, y: -n.y, label: n.label ?? '', forceLabel: n.kind === 'group' || accounts <= 24 });
  const side = network.nodes.length && network.nodes.every((n) => n.kind) ? 1 : 0;
  for (const e of network.edges) {
    graph.mergeEdge(e.source, e.target, { ...e, size: e.size ?? Math.min(4, 0.5 + Math.sqrt(e.weight ?? 1) / 2) });
  }
  const readout = document.getElementById(element.dataset['readout'] ?? '');
  const hint = [network.left, readout?.textContent].filter(Boolean).join(' ');
  const form = document.getElementById(element.dataset['controls'] ?? '') as HTMLFormElement | null;
  let choice = form ? choiceOf(form) : everything;
  // Where there are many edges they let what lies under them through.
  const crowded = network.edges.length > 1000;
  const lines = (): string => {
    const share = Math.min(1, Math.max(0.15, 20 / Math.sqrt(network.edges.length)));
    const parts = token('--edge').match(/[\d.]+/g)?.slice(0, 3).map(Number) ?? [128, 128, 128];
    // Sigma wants colours that are multiplied by their opacity already.
    return `rgba(${parts.map((c) => Math.round(c * share)).join(', ')}, ${share})`;
  };
  let line = lines();
  let ink = token('--ink');
  let paper = token('--paper');
  let colours = palette();
  let pointed: string | null = null;
  let picked = new Set<string>();
  // The edge whose evidence is open, as the address says.
  let accent = token('--accent');
  const inAddress = (): string | null => {
    const [a, b] = (new URL(location.href).searchParams.get('edge') ?? '').split('~');
    return a && b && graph.hasNode(a) && graph.hasNode(b) ? graph.edge(a, b) ?? null : null;
  };
  let opened = inAddress();

  // What the choice leaves: an account stands where one of its edges does.
  let edges = new Set<string>();
  let nodes = new Set<string>();
  const choose = (): void => {
    const all = choice.from === -Infinity && choice.to === Infinity && choice.q === Infinity && choice.w === -Infinity;
    edges = new Set(graph.filterEdges((_, a) => {
      const e = a as Edge;
      return e.kind !== 'edge' || within(choice, e.first, e.last) && (e.q ?? 0) <= choice.q && (e.w ?? 0) >= choice.w;
    }));
    const tied = new Set<string>();
    for (const e of edges) for (const n of graph.extremities(e)) tied.add(n);
    nodes = new Set(graph.filterNodes((id, a) => all || ((a as Node).kind === 'account' ? tied.has(id) : within(choice, (a as Node).first, (a as Node).last))));
    edges = new Set([...edges].filter((e) => graph.extremities(e).every((n) => nodes.has(n))));
  };
  choose();

  const label = (context: CanvasRenderingContext2D, d: { label: string | null; x: number; y: number; size: number }, lift = 0): void => {
    if (!d.label) return;
    context.font = `12px ${font}`;
    const wide = context.measureText(d.label).width;
    // A label that fits its bubble stands in it, else under it.
    const y = d.y + d.size + 13 + lift;
    context.lineWidth = 4;
    context.lineJoin = 'round';
    context.strokeStyle = paper;
    context.fillStyle = ink;
    context.strokeText(d.label, d.x - wide / 2, y);
    context.fillText(d.label, d.x - wide / 2, y);
  };
  const font = getComputedStyle(element).fontFamily;
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const sigma = new Sigma(graph, element, {
    ...(calm.matches ? { inertiaDuration: 0, zoomDuration: 0, doubleClickZoomingDuration: 0 } : {}),
    ...(side ? { itemSizesReference: 'positions' as const, zoomToSizeRatioFunction: (r: number) => r } : {}),
    allowInvalidContainer: true,
    enableEdgeEvents: true,
    labelRenderedSizeThreshold: 9,
    labelDensity: 0.5,
    minEdgeThickness: crowded ? 0.6 : 1.5,
    minCameraRatio: 0.01,
    maxCameraRatio: 3,
    stagePadding: 24,
    zIndex: true,
    defaultDrawNodeLabel: (context, d) => label(context, d as never),
    defaultDrawNodeHover: (context, d) => {
      context.beginPath();
      context.arc(d.x, d.y, d.size + 2, 0, Math.PI * 2);
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.stroke();
      label(context, d as never);
    },
    nodeReducer: (id, a) => ({ ...a, color: colours(a['group'] as number), hidden: !nodes.has(id), highlighted: picked.has(id) }),
    edgeReducer: (id, a) => ({
      ...a, hidden: !edges.has(id), zIndex: id === pointed || id === opened ? 1 : 0,
      color: id === pointed ? ink : id === opened ? accent : line,
      size: (a['size'] as number) * (id === opened ? 2.5 : id === pointed ? 1.5 : 1),
    }),
  });
  if (side) sigma.setCustomBBox({ x: [0, 1], y: [-1, 0] });

  const camera = sigma.getCamera();
  const narrow = matchMedia('(max-width: 1100px)');
  const go = (state: Partial<{ x: number; y: number; ratio: number }>): void => {
    if (calm.matches) camera.setState({ ...camera.getState(), ...state });
    else void camera.animate(state, { duration: 200 });
  };
  // The part of the picture that is shown at first, in sigma's own square.
  const home = network.focus && side
    ? { x: network.focus.x, y: 1 - network.focus.y, ratio: Math.max(0.02, 2.3 * network.focus.r) }
    : { x: 0.5, y: 0.5, ratio: 1 };
  camera.setState({ ...home, angle: 0 });

  const say = (text: string | undefined): void => { if (readout) readout.textContent = text || hint; };
  say('');
  const point = (edge: string | null, text?: string): void => {
    const before = pointed;
    pointed = edge;
    say(text);
    element.style.cursor = text ? 'pointer' : '';
    for (const e of [before, edge]) if (e && graph.hasEdge(e)) sigma.refresh({ partialGraph: { edges: [e] }, schedule: true });
  };
  sigma.on('enterNode', ({ node }) => point(null, graph.getNodeAttributes(node)['text'] as string));
  sigma.on('leaveNode', () => point(null));
  sigma.on('enterEdge', ({ edge }) => point(edge, graph.getEdgeAttributes(edge)['text'] as string));
  sigma.on('leaveEdge', () => point(null));

  /** Goes somewhere with the sliders where they stand. */
  const open = (href: string): void => {
    const url = new URL(href, location.href);
    const here = new URL(location.href);
    if (url.pathname === here.pathname) {
      for (const name of ['from', 'to', 'sort']) {
        const v = here.searchParams.get(name);
        if (v) url.searchParams.set(name, v);
      }
      // On a narrow screen the panel would cover the picture.
      if (narrow.matches && url.searchParams.has('open')) url.searchParams.set('panel', 'closed');
    }
    location.assign(url);
  };
  sigma.on('clickNode', ({ node }) => {
    const href = graph.getNodeAttributes(node)['href'] as string | undefined;
    const event = new CustomEvent('akashi:node', { bubbles: true, cancelable: true, detail: { id: node, href } });
    if (element.dispatchEvent(event) && href) open(href);
  });
  sigma.on('clickEdge', ({ edge }) => {
    if (graph.getEdgeAttributes(edge)['kind'] !== 'edge') return;
    const [a, b] = [graph.source(edge), graph.target(edge)];
    const href = network.page ? `${network.page}${encodeURIComponent(a)}/${encodeURIComponent(b)}${network.tail ?? ''}` : '';
    const panel = network.panel ? `${network.panel}${encodeURIComponent(`${a}~${b}`)}` : '';
    const event = new CustomEvent('akashi:edge', { bubbles: true, cancelable: true, detail: { a, b, href, panel } });
    if (!element.dispatchEvent(event)) return;
    if (panel && document.getElementById('panel')) {
      const url = new URL(panel, location.href);
      for (const [name, v] of new URL(location.href).searchParams) if (name !== 'panel' && !url.searchParams.has(name)) url.searchParams.set(name, v);
      void window.htmx.ajax('GET', url.pathname + url.search, { target: '#panel', select: '#panel', swap: 'outerHTML', push: url.pathname + url.search });
    } else if (href) open(href);
  });

  // A rectangle drawn with Shift held lists the nodes within it.
  const list = element.parentElement?.querySelector<HTMLElement>('[data-network-picked]');
  const pick = (ids: string[]): void => {
    picked = new Set(ids);
    sigma.scheduleRefresh();
    if (!list) return;
    list.hidden = ids.length === 0;
    const says = (ids.length === 1 ? list.dataset['one'] : list.dataset['other']) ?? '';
    const count = list.querySelector('[data-network-count]');
    if (count) count.textContent = says.replace('#', ids.length.toLocaleString(document.documentElement.lang));
    list.querySelector('ul')?.replaceChildren(...ids.slice(0, mostPicked).map((id) => {
      const a = graph.getNodeAttributes(id) as Node;
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = a.href ?? '';
      link.textContent = a.label ?? id;
      link.title = a.text ?? '';
      item.append(link);
      return item;
    }));
  };
  list?.querySelector('[data-network-clear]')?.addEventListener('click', () => pick([]));
  if (list) {
    element.addEventListener('mousedown', (down) => {
      if (!down.shiftKey || down.button !== 0) return;
      down.preventDefault();
      down.stopPropagation();
      const box = document.createElement('div');
      box.className = 'network-box';
      element.append(box);
      const edge = element.getBoundingClientRect();
      const part = (e: MouseEvent): { l: number; t: number; r: number; b: number } => ({
        l: Math.min(down.clientX, e.clientX) - edge.left, t: Math.min(down.clientY, e.clientY) - edge.top,
        r: Math.max(down.clientX, e.clientX) - edge.left, b: Math.max(down.clientY, e.clientY) - edge.top,
      });
      const move = (e: MouseEvent): void => {
        const { l, t, r, b } = part(e);
        Object.assign(box.style, { left: `${l}px`, top: `${t}px`, width: `${r - l}px`, height: `${b - t}px` });
      };
      const up = (e: MouseEvent): void => {
        window.removeEventListener('mousemove', move, true);
        box.remove();
        const { l, t, r, b } = part(e);
        pick([...nodes].filter((id) => {
          const p = sigma.graphToViewport(graph.getNodeAttributes(id) as Place);
          return p.x >= l && p.x <= r && p.y >= t && p.y <= b;
        }));
        // What follows is no click on what is under the mouse.
        const swallow = (click: Event): void => click.stopPropagation();
        element.addEventListener('click', swallow, { capture: true, once: true });
        setTimeout(() => element.removeEventListener('click', swallow, true));
      };
      window.addEventListener('mousemove', move, true);
      window.addEventListener('mouseup', up, { capture: true, once: true });
    }, true);
  }

  const zoom = (by: number): void => go({ ratio: Math.min(3, Math.max(0.01, camera.ratio * by)) });
  const tools: Record<string, () => void> = {
    in: () => zoom(1 / 1.5),
    out: () => zoom(1.5),
    // What was shown at first, or all where that is shown already.
    fit: () => go(camera.ratio === home.ratio && camera.x === home.x && camera.y === home.y ? { x: 0.5, y: 0.5, ratio: 1 } : home),
    png: () => {
      // The canvases of WebGL can be read only in the turn that drew them.
      sigma.once('afterRender', () => {
        const layers = Object.values(sigma.getCanvases());
        const sheet = document.createElement('canvas');
        sheet.width = Math.max(...layers.map((l) => l.width));
        sheet.height = Math.max(...layers.map((l) => l.height));
        const context = sheet.getContext('2d');
        if (!context) return;
        context.fillStyle = paper;
        context.fillRect(0, 0, sheet.width, sheet.height);
        for (const l of layers) if (l.width && l.height) context.drawImage(l, 0, 0, sheet.width, sheet.height);
        sheet.toBlob((blob) => {
          if (!blob) return;
          const link = document.createElement('a');
          link.href = URL.createObjectURL(blob);
          link.download = `${element.dataset['file'] ?? 'akashi-network'}.png`;
          link.click();
          setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
        });
      });
      sigma.refresh();
    },
  };
  for (const button of document.querySelectorAll<HTMLElement>(`[data-network-do][aria-controls="${element.id}"]`)) {
    button.addEventListener('click', () => tools[button.dataset['networkDo'] ?? '']?.());
  }
  element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = camera.ratio / 10;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => go({ x: camera.x - step }), ArrowRight: () => go({ x: camera.x + step }),
      ArrowUp: () => go({ y: camera.y + step }), ArrowDown: () => go({ y: camera.y - step }),
      '+': tools['in']!, '=': tools['in']!, '-': tools['out']!, 0: tools['fit']!,
    };
    const move = moves[event.key];
    if (!move) return;
    move();
    event.preventDefault();
  });
  form?.addEventListener('input', () => {
    choice = choiceOf(form);
    choose();
    sigma.scheduleRefresh();
  });

  const recolour = (): void => {
    line = lines();
    ink = token('--ink');
    paper = token('--paper');
    accent = token('--accent');
    colours = palette();
    sigma.refresh();
  };
  for (const change of ['htmx:after:history:push', 'akashi:address']) {
    document.addEventListener(change, () => {
      const now = inAddress();
      if (now === opened) return;
      opened = now;
      sigma.scheduleRefresh();
    });
  }
  document.addEventListener('akashi:theme', recolour);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
  let [wide, high] = [element.offsetWidth, element.offsetHeight];
  new ResizeObserver(() => {
    if (element.offsetWidth === wide && element.offsetHeight === high) return;
    [wide, high] = [element.offsetWidth, element.offsetHeight];
    sigma.resize();
    sigma.refresh();
  }).observe(element);

  const place = (id: string): Place => sigma.graphToViewport(graph.getNodeAttributes(id) as Place);
  element.akashi = {
    at: (a, b) => {
      if (!graph.hasNode(a) || b !== undefined && !graph.hasNode(b)) return null;
      const box = element.getBoundingClientRect();
      const p = place(a);
      const q = b === undefined ? p : place(b);
      return { x: box.left + (p.x + q.x) / 2, y: box.top + (p.y + q.y) / 2 };
    },
    shown: () => ({ nodes: nodes.size, edges: edges.size }),
  };
  sigma.once('afterRender', () => { element.dataset['ready'] = '1'; });
  sigma.scheduleRender();
};
