import dagre from "dagre";
import { indexOf, type FlowDocument, type Point } from "../core/flow";
import { roomOf, type Sizes } from "../core/geometry";

/**
 * Places for nodes from left to right along their connections, those of a group within it. Loaded when it is asked for.
 * Answers the places of the nodes that were chosen, or of all but notes.
 */
export function arrange(document: FlowDocument, chosen: ReadonlySet<string> | null, sizes: Sizes, grid: number): Map<string, Point> {
  const places = new Map<string, Point>();
  const parents = new Set(document.nodes.map((node) => node.parentId ?? null));
  for (const parent of parents) {
    const nodes = document.nodes.filter((node) => (node.parentId ?? null) === parent && node.type !== "note" && (!chosen || chosen.has(node.id)));
    if (nodes.length < 2) continue;
    const graph = new dagre.graphlib.Graph();
    graph.setGraph({ rankdir: "LR", nodesep: 40, ranksep: 90 });
    graph.setDefaultEdgeLabel(() => ({}));
    const inside = new Set(nodes.map((node) => node.id));
    for (const node of nodes) graph.setNode(node.id, { ...roomOf(document, node, sizes) });
    const { nodes: all } = indexOf(document);
    // A connection to something within a group counts as one to the group.
    const represent = (id: string): string | null => {
      for (let node = all.get(id); node; node = node.parentId ? all.get(node.parentId) : undefined) if (inside.has(node.id)) return node.id;
      return null;
    };
    for (const edge of document.edges) {
      const from = represent(edge.source), to = represent(edge.target);
      if (from && to && from !== to) graph.setEdge(from, to);
    }
    dagre.layout(graph);
    const left = Math.min(...nodes.map((node) => node.position.x)), top = Math.min(...nodes.map((node) => node.position.y));
    const placed = nodes.map((node) => { const { x, y, width, height } = graph.node(node.id); return { id: node.id, x: x - width / 2, y: y - height / 2 }; });
    const minX = Math.min(...placed.map((place) => place.x)), minY = Math.min(...placed.map((place) => place.y));
    const snap = (value: number) => Math.round(value / grid) * grid;
    for (const { id, x, y } of placed) places.set(id, { x: snap(x - minX + left), y: snap(y - minY + top) });
  }
  return places;
}
