import type { FlowDocument } from "./flow";
import { inSight, merge, type MergeConflict } from "./merge";

type Fields = Record<string, unknown>;

/** The merged document with each conflict as somebody decided it: `mine[i]` says whose the i-th is. */
export function decide(base: FlowDocument, mine: FlowDocument, theirs: FlowDocument, choices: readonly boolean[]): FlowDocument {
  const { document, conflicts } = merge(base, mine, theirs);
  let result = document;
  conflicts.forEach((conflict, index) => { if (choices[index] === false) result = takeTheirs(result, conflict); });
  const nodes = inSight(result.nodes, base, mine, theirs), there = new Set(nodes.map((node) => node.id));
  return { ...result, nodes, edges: result.edges.filter((edge) => there.has(edge.source) && there.has(edge.target)) };
}

function takeTheirs(document: FlowDocument, conflict: MergeConflict): FlowDocument {
  if (conflict.kind === "document") return { ...document, [conflict.field]: conflict.theirs };
  const key = conflict.kind === "node" ? "nodes" : "edges";
  const list = document[key] as unknown as Fields[];
  if (conflict.field === "") {
    const rest = list.filter((item) => item.id !== conflict.id);
    return { ...document, [key]: conflict.theirs === undefined ? rest : [...rest, conflict.theirs as Fields] } as FlowDocument;
  }
  return { ...document, [key]: list.map((item) => (item.id === conflict.id ? setAt(item, conflict.field.split("."), conflict.theirs) : item)) } as FlowDocument;
}

function setAt(value: Fields, path: string[], to: unknown): Fields {
  const [first, ...rest] = path as [string, ...string[]];
  const copy = { ...value };
  if (rest.length > 0) copy[first] = setAt((copy[first] ?? {}) as Fields, rest, to);
  else if (to === undefined) delete copy[first];
  else copy[first] = to;
  return copy;
}
