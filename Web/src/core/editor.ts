import { indexOf, type FlowDocument, type Point } from "./flow";

/** What a step of the history did. */
export interface Step { id: number; label: string; before: FlowDocument; after: FlowDocument; merge: string | null; selection: ReadonlySet<string> }

/** What the canvas shows at a moment. */
export interface EditorState {
  document: FlowDocument;
  /** Ids of nodes and edges. */
  selection: ReadonlySet<string>;
  /** Where nodes are that are being dragged: not in the document before they are let go. */
  moving: ReadonlyMap<string, Point> | null;
  /** Raised by every change of the document. */
  version: number;
}

const longest = 300;

/**
 * A canvas being edited: the document, what is selected, and the way back. Everything that changes the document is a
 * step with a name; steps of one kind at one place, such as typing in a field, are one until `seal` is called.
 */
export class Editor {
  private state: EditorState;
  private past: Step[] = [];
  private future: Step[] = [];
  private isOpen = false;
  private nextStep = 1;
  private readonly listeners = new Set<() => void>();

  constructor(document: FlowDocument) {
    this.state = { document, selection: new Set(), moving: null, version: 0 };
  }

  readonly get = (): EditorState => this.state;
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The document as it is now. */
  get document(): FlowDocument { return this.state.document; }
  /** What the next undo takes back; null where there is nothing. */
  get undoLabel(): string | null { return this.past[this.past.length - 1]?.label ?? null; }
  /** What the next redo does again. */
  get redoLabel(): string | null { return this.future[this.future.length - 1]?.label ?? null; }

  /**
   * Changes the document in one step. Steps with the same `merge` follow each other as one, until something else
   * happens. A change that changes nothing is no step.
   */
  edit(label: string, change: (document: FlowDocument) => FlowDocument, options: { merge?: string; select?: Iterable<string> } = {}): void {
    const before = this.state.document;
    const after = change(before);
    if (after === before) return;
    const last = this.past[this.past.length - 1];
    const merge = options.merge ?? null;
    if (last && merge !== null && this.isOpen && last.merge === merge) this.past[this.past.length - 1] = { ...last, after };
    else {
      this.past.push({ id: this.nextStep++, label, before, after, merge, selection: this.state.selection });
      if (this.past.length > longest) this.past.shift();
    }
    this.isOpen = merge !== null;
    this.future = [];
    this.put(after, options.select ? new Set(options.select) : this.state.selection);
  }

  /** Ends a step that was growing: the field was left. */
  seal(): void { this.isOpen = false; }

  /** The last step, to be taken back later where it still is the last. */
  get lastStep(): number | null { return this.past[this.past.length - 1]?.id ?? null; }

  /** Changes the document as a part of the last step. */
  amend(after: FlowDocument): void {
    const last = this.past[this.past.length - 1];
    if (!last) return;
    this.past[this.past.length - 1] = { ...last, after };
    this.put(after, this.state.selection);
  }

  /** Takes back a step that is still growing, as if it had never been begun. */
  abandon(merge: string): void {
    const last = this.past[this.past.length - 1];
    if (!this.isOpen || !last || last.merge !== merge) return;
    this.past.pop();
    this.isOpen = false;
    this.put(last.before, last.selection);
  }

  /** Takes the last step back. */
  undo(): string | null {
    const step = this.past.pop();
    if (!step) return null;
    this.future.push(step);
    this.isOpen = false;
    this.put(step.before, step.selection);
    return step.label;
  }

  /** Does a step again that was taken back. */
  redo(): string | null {
    const step = this.future.pop();
    if (!step) return null;
    this.past.push(step);
    this.isOpen = false;
    this.put(step.after, this.state.selection);
    return step.label;
  }

  /**
   * Takes a document that came from elsewhere, such as a merge with what somebody else saved. The way back stays: each
   * of its documents is changed as this one is.
   */
  rebase(document: FlowDocument, adapt: (earlier: FlowDocument) => FlowDocument): void {
    const move = (step: Step): Step => ({ ...step, before: adapt(step.before), after: adapt(step.after) });
    this.past = this.past.map(move);
    this.future = this.future.map(move);
    this.isOpen = false;
    this.put(document, this.state.selection);
  }

  /** Selects these and nothing else. */
  select(ids: Iterable<string>): void {
    const selection = new Set(ids);
    const before = this.state.selection;
    if (selection.size === before.size && [...selection].every((id) => before.has(id))) return;
    this.state = { ...this.state, selection };
    this.tell();
  }

  /** Selects one more, or one less. */
  toggle(id: string): void {
    const selection = new Set(this.state.selection);
    if (!selection.delete(id)) selection.add(id);
    this.select(selection);
  }

  /** Where nodes are while they are dragged; null lets go without moving them. */
  setMoving(moving: ReadonlyMap<string, Point> | null): void {
    this.state = { ...this.state, moving };
    this.tell();
  }

  /** Leaves what is dragged where it is, in one step. */
  drop(label: string): void {
    const { moving } = this.state;
    if (!moving) return;
    this.state = { ...this.state, moving: null };
    this.edit(label, (document) => place(document, moving));
    this.tell();
  }

  private put(document: FlowDocument, selection: ReadonlySet<string>): void {
    const { nodes, edges } = indexOf(document);
    const there = [...selection].every((id) => nodes.has(id) || edges.has(id));
    this.state = {
      document, moving: null, version: this.state.version + 1,
      selection: there ? selection : new Set([...selection].filter((id) => nodes.has(id) || edges.has(id))),
    };
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** The document with nodes at other places. */
export function place(document: FlowDocument, places: ReadonlyMap<string, Point>): FlowDocument {
  let changed = false;
  const nodes = document.nodes.map((node) => {
    const to = places.get(node.id);
    if (!to || (to.x === node.position.x && to.y === node.position.y)) return node;
    changed = true;
    return { ...node, position: to };
  });
  return changed ? { ...document, nodes } : document;
}
