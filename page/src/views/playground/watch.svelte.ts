/**
 * What pictures show of the network at work: outputs over the plane, of each neuron too, and the parameters. They are
 * asked of the engine again when the network has changed, at most once a frame, and one request at a time.
 */
import { type Feature } from "../../data2d/features";
import { rowsOf } from "../../data2d/split";
import type { Points } from "../../data2d/points";
import type { Rows, Session } from "../../engine/engine";
import { type Column, columnsOf } from "./diagram/columns";
import { FINE, SMALL, type View, grid, viewOf } from "./plane/view";
import { playground } from "./state.svelte";

/** Milliseconds between two pictures of all neurons. */
const SELDOM = 150;

class Watch {
  /** Outputs of the last layer over the fine grid. */
  regions = $state.raw<Float32Array | null>(null);
  /** Of each column of the diagram: its values over the small grid, rows of cells. */
  maps = $state.raw<(Float32Array | null)[]>([]);
  columns = $state.raw<Column[]>([]);
  /** Outputs for all points, in their order. */
  answers = $state.raw<Float32Array | null>(null);
  n_out = $state(0);
  view = $state.raw<View>({ x: [-3.6, 3.6], y: [-3.6, 3.6] });
  private busy = false;
  private pending = false;
  private seldom = 0;
  private shape = "";
  private fine: Rows | null = null;
  private small: Rows | null = null;
  /** Whether somebody looks. */
  active = false;

  /** The network has changed. */
  ask(): void {
    this.pending = true;
    if (!this.busy) void this.work();
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.pending && this.active) {
      this.pending = false;
      const session = playground.runner.session;
      if (session) await this.look(session).catch(() => undefined);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    this.busy = false;
  }

  private async look(session: Session): Promise<void> {
    const { points, features } = playground.state;
    if (session.plan.n_in !== features.length) return;
    this.prepare(points, features);
    const columns = columnsOf(session.plan);
    const running = playground.runner.running;
    const due = performance.now() - this.seldom > SELDOM || !running || columns.length !== this.columns.length;
    const [regions, theta, maps, answers] = await Promise.all([
      session.outputs(this.fine!),
      session.theta(),
      due ? this.neurons(session, columns) : this.maps,
      due && points.x.length ? session.outputs(rowsOf(features, points.x, points.y)) : this.answers,
    ]);
    if (session !== playground.runner.session || points !== playground.state.points) return void (this.pending = true);
    if (due) this.seldom = performance.now();
    else if (!playground.runner.running) this.pending = true; // the last pictures of all
    Object.assign(this, { regions, maps, answers, columns, n_out: session.plan.n_out });
    playground.theta = theta;
  }

  private neurons(session: Session, columns: Column[]): Promise<(Float32Array | null)[]> {
    return Promise.all(columns.map((column) => (column.last < 0 ? Promise.resolve(Float32Array.from(this.small!.X)) : session.outputs(this.small!, column.last))));
  }

  private prepare(points: Points, features: Feature[]): void {
    const view = viewOf(points);
    const shape = JSON.stringify([view, points.inputs, features]);
    if (shape === this.shape) return;
    this.shape = shape;
    this.view = view;
    const rows = (side: number) => {
      const { x, y } = grid(view, points.inputs, side);
      const found = rowsOf(features, x, y);
      return { ...found, X: Float32Array.from(found.X) };
    };
    this.fine = rows(points.inputs === 2 ? FINE : 2 * FINE);
    this.small = rows(SMALL);
  }
}

export const watch = new Watch();
