/** What was before each change, so that no edit destroys anything. */
export class Undo<State> {
  private past = $state.raw<State[]>([]);
  private future = $state.raw<State[]>([]);

  constructor(private readonly most = 100) {}

  get possible(): boolean {
    return this.past.length > 0;
  }

  get redoPossible(): boolean {
    return this.future.length > 0;
  }

  /** Keep what is now, before it is changed. */
  keep(state: State): void {
    this.past = [...this.past, state].slice(-this.most);
    this.future = [];
  }

  /** The state before the last change; `now` can be brought back by `redo`. */
  back(now: State): State | undefined {
    const state = this.past[this.past.length - 1];
    if (state === undefined) return undefined;
    this.past = this.past.slice(0, -1);
    this.future = [...this.future, now];
    return state;
  }

  redo(now: State): State | undefined {
    const state = this.future[this.future.length - 1];
    if (state === undefined) return undefined;
    this.future = this.future.slice(0, -1);
    this.past = [...this.past, now];
    return state;
  }
}
