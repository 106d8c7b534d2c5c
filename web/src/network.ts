/**
 * A network of groups or accounts, drawn with sigma. It mounts on an element
 * with data-network, whose JSON stands in a script beside it or is fetched from
 * data-src:
 *
 *   {"nodes": [{"id", "label", "x", "y", "size", "group"}],
 *    "edges": [{"source", "target", "weight"}]}
 *
 * The server computes the layout; colours come from the page's tokens.
 */
import Graph from 'graphology';
import Sigma from 'sigma';

import { data, token } from './data';

type Node = { id: string; label: string; x: number; y: number; size: number; group: number };
type Edge = { source: string; target: string; weight: number };
type Network = { nodes: Node[]; edges: Edge[] };

/** The colours of groups in the reader's theme: eight, and grey from the ninth. */
const palette = (): ((group: number) => string) => {
  const some = Array.from({ length: 8 }, (_, i) => token(`--group-${i + 1}`));
  const rest = token('--group-rest');
  return (group) => some[group - 1] ?? rest;
};

export const mount = async (element: HTMLElement): Promise<void> => {
  const network = await data<Network>(element);
  const graph = new Graph({ type: 'undirected' });
  for (const { id, ...rest } of network.nodes) graph.addNode(id, rest);
  for (const { source, target, weight } of network.edges) {
    graph.mergeEdge(source, target, { size: Math.min(4, 0.5 + Math.sqrt(weight) / 2) });
  }
  let line = token('--line');
  let colours = palette();
  const sigma = new Sigma(graph, element, {
    labelColor: { color: token('--ink') },
    labelFont: getComputedStyle(element).fontFamily,
    labelSize: 12,
    allowInvalidContainer: true,
    nodeReducer: (_, a) => ({ ...a, color: colours(a['group'] as number) }),
    edgeReducer: (_, a) => ({ ...a, color: line }),
  });
  sigma.on('clickNode', ({ node }) => {
    element.dispatchEvent(new CustomEvent('akashi:node', { bubbles: true, detail: { id: node } }));
  });
  const recolour = (): void => {
    line = token('--line');
    colours = palette();
    sigma.setSetting('labelColor', { color: token('--ink') });
    sigma.refresh();
  };
  document.addEventListener('akashi:theme', recolour);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
};
