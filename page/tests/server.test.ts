import { readFileSync } from "node:fs";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Data, Engine, Plan, Progress, Session, Training } from "../src/engine/engine";
import { pack, unpack } from "../src/engine/frame";
import type { Carrier } from "../src/engine/link";
import { Link } from "../src/engine/link";
import { ServerSession } from "../src/engine/server_session";

const golden = JSON.parse(readFileSync(new URL("golden/frame.json", import.meta.url), "utf8")) as { frame: string };

describe("frames", () => {
  const message = {
    id: 3,
    with: { X: Float32Array.of(0, 1, 2, 3, 4), y: [Int32Array.of(1, 2), { z: Float64Array.of(1.5) }], b: Uint8Array.of(0, 1, 2), name: "é" },
    none: null,
  };

  it("are Python's, byte by byte", () => {
    const bytes = Uint8Array.from(atob(golden.frame), (letter) => letter.charCodeAt(0));
    expect(unpack(bytes.buffer)).toEqual(message);
    expect(unpack(pack(message).buffer)).toEqual(message);
    expect(pack(unpack(bytes.buffer)).length % 8).toBe(0);
  });

  it("refuse arrays of other types", () => {
    expect(() => pack({ X: new BigInt64Array(1) })).toThrow("float32");
  });
});

const row = (epoch: number, steps: number) => ({ epoch, step: 1, steps, loss: 1, penalty: 0, learning_rate: 0.1, seconds: 0 });

/** Python, as far as a session needs it. */
class Python implements Carrier {
  onframe: ((frame: ArrayBuffer) => void) | null = null;
  onclose: (() => void) | null = null;
  calls: string[] = [];
  theta: Float32Array = Float32Array.of(1, 2);
  holds = false; // a run is not answered

  send(frame: Uint8Array<ArrayBuffer>): void {
    const { id, call, with: given } = unpack(frame.buffer) as { id: number; call: string; with: { values?: Float32Array } };
    this.calls.push(call);
    if (call === "create") this.say({ id, result: { session: 1, plan: { n_theta: 2 } as Plan } });
    else if (call === "theta") this.say({ id, result: this.theta });
    else if (call === "run") this.train(id);
    else if (call === "export") this.say({ id, refusal: "not today" });
    else this.say({ id, result: null });
    if (call === "setTheta") this.theta = given.values!;
  }

  private train(id: number): void {
    const rows = { epoch: Float64Array.of(1, 2), step: Float64Array.of(1, 1), steps: Float64Array.of(1, 2), loss: Float64Array.of(3, 2) };
    const progress = { rows, current: row(2, 2), running: this.holds, stopped_by: this.holds ? null : "epochs", words: null };
    this.say({ session: 1, progress });
    if (!this.holds) this.say({ id, result: { ...progress, rows: {} } });
  }

  say(message: unknown): void {
    this.onframe?.(pack(message).buffer);
  }

  close(): void {
    this.onclose?.();
  }
}

/** The engine of the browser, as far as a session needs it. */
function browser() {
  const goals: unknown[] = [];
  const session = {
    theta_: new Float32Array() as Float32Array,
    onprogress: null as ((progress: Progress) => void) | null,
    setTheta: vi.fn(async (values: Float32Array) => void (session.theta_ = values)),
    run: vi.fn(async (goal: unknown) => {
      goals.push(goal);
      const progress = { rows: [row(1, 1)], current: row(1, 1), running: false, stopped_by: "epochs", words: null };
      session.onprogress?.(progress);
      return progress;
    }),
    theta: async () => session.theta_,
    close: vi.fn(),
  };
  return { session, goals, engine: { create: async () => session as unknown as Session } as unknown as Engine };
}

describe("a session of Python's", () => {
  let python: Python;
  let link: Link;
  let other: ReturnType<typeof browser>;
  let session: ServerSession;
  let heard: Progress[];

  beforeEach(async () => {
    python = new Python();
    link = new Link(python);
    other = browser();
    const home = { way: async () => (link.open ? link : null), browser: async () => other.engine, forget: () => undefined };
    session = new ServerSession(home, { training: { optimizer: { type: "SGD" } } as unknown as Training, data: {} as Data });
    await session.open(link);
    link.onlost = () => void session.move();
    heard = [];
    session.onprogress = (progress) => heard.push(progress);
  });
  afterEach(() => session.close());

  it("gives rows for columns, and the last report once", async () => {
    const last = await session.run({ epochs: 2 });
    expect(last.rows.map(({ epoch, loss }) => [epoch, loss])).toEqual([
      [1, 3],
      [2, 2],
    ]);
    expect(heard).toEqual([last]);
  });

  it("passes refusals on", async () => {
    await expect(session.export("c")).rejects.toThrow("not today");
  });

  it("goes on in the browser with what is left of the goal, when Python goes away", async () => {
    await session.run({ epochs: 2 });
    python.holds = true;
    const run = session.run({ epochs: 10 });
    await Promise.resolve();
    python.theta = Float32Array.of(3, 4); // not seen any more
    python.close();
    const last = await run;
    expect(other.goals).toEqual([{ epochs: 10 }]);
    expect(other.session.theta_).toEqual(Float32Array.of(1, 2));
    expect(last.current.epoch).toBe(3);
    expect(last.current.steps).toBe(3);
    expect(heard.some(({ words }) => words !== null)).toBe(true);
    await expect(session.export("c")).rejects.toThrow("Python");
    expect(await session.theta()).toEqual(Float32Array.of(1, 2));
  });
});
