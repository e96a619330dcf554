/**
 * Tells what is newer of answers and news about the same things. Answers come in another order than they were asked for,
 * and one that was asked for before something was heard of knows less than that.
 */
export class Turns {
  private now = 0;
  private floor = 0;
  private readonly known = new Map<string, number>();

  /** Something is asked: what its answer is told by later. */
  ask(): number { return (this.now += 1); }

  /** Something was heard of a thing, or done to it. */
  told(id: string): void { this.known.set(id, (this.now += 1)); }

  /** Whether an answer about a thing says something newer than is known of it; it is known then. */
  takes(id: string, asked: number): boolean {
    if (this.isOlder(id, asked)) return false;
    this.known.set(id, asked);
    return true;
  }

  /** Whether more is known of a thing than an answer can say. */
  isOlder(id: string, asked: number): boolean { return asked < this.floor || asked < (this.known.get(id) ?? 0); }

  /** Everything was read: of what was asked before, nothing says anything new. */
  all(asked: number): void {
    this.floor = asked;
    for (const [id, turn] of this.known) if (turn <= asked) this.known.delete(id);
  }
}
