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

/** The colour of a group: eight of them, grey from the ninth. */
const colour = (group: number): string => token(group >= 1 && group <= 8 ? `--group-${group}` : '--group-rest');

export const mount = async (element: HTMLElement): Promise<void> => {
  const network = await data<Network>(element);
  const graph = new Graph({ type: 'undirected' });
  for (const { id, group, ...rest } of network.nodes) graph.addNode(id, { ...rest, group, color: colour(group) });
  for (const { source, target, weight } of network.edges) {
    graph.mergeEdge(source, target, { size: Math.min(4, 0.5 + Math.sqrt(weight) / 2), color: token('--line') });
  }
  const sigma = new Sigma(graph, element, {
    labelColor: { color: token('--ink') },
    labelFont: getComputedStyle(element).fontFamily,
    labelSize: 12,
    allowInvalidContainer: true,
  });
  sigma.on('clickNode', ({ node }) => {
    element.dispatchEvent(new CustomEvent('akashi:node', { bubbles: true, detail: { id: node } }));
  });
  const recolour = (): void => {
    graph.updateEachNodeAttributes((_, a) => ({ ...a, color: colour(a['group'] as number) }));
    graph.updateEachEdgeAttributes((_, a) => ({ ...a, color: token('--line') }));
    sigma.setSetting('labelColor', { color: token('--ink') });
  };
  document.addEventListener('akashi:theme', recolour);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour);
};
