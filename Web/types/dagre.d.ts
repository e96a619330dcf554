// The few names of dagre that layout.ts uses; Debian has no types for it.
declare module "dagre" {
  interface Label { width: number; height: number; x?: number; y?: number }
  class Graph {
    constructor(options?: { multigraph?: boolean; compound?: boolean });
    setGraph(label: { rankdir?: string; nodesep?: number; ranksep?: number; marginx?: number; marginy?: number }): void;
    setDefaultEdgeLabel(label: () => object): void;
    setNode(id: string, label: Label): void;
    setEdge(from: string, to: string): void;
    node(id: string): Label & { x: number; y: number };
  }
  const dagre: { graphlib: { Graph: typeof Graph }; layout(graph: Graph): void };
  export default dagre;
}
