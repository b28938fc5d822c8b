/** The C++ engine in this browser: each session in a worker of its own, so that the page never waits. */
import { type Data, type Engine, type Goal, type Model, type Part, type Plan, type Progress, Refusal, type Rows, type Score, type Session,
  type StepNumbers, type Training } from "./engine"; // prettier-ignore
import { type Answer, type Created, memoryOf } from "./messages";

export class WasmEngine implements Engine {
  readonly kind = "browser";
  private readonly sessions = new Set<WasmSession>();

  /** A worker without a network. */
  private tools: WasmSession | null = null;

  /** The module, and what starts a worker of worker.ts. */
  constructor(
    private readonly module: WebAssembly.Module,
    private readonly start: () => Worker,
  ) {}

  /** The arrays of `data` stay with the caller: the worker is given a copy, once. */
  async create(training: Training, data: Data, heldOut?: Data): Promise<Session> {
    const session = new WasmSession(this.start(), (closed) => this.sessions.delete(closed));
    this.sessions.add(session);
    try {
      await session.open(this.module, training, data, heldOut);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  factors(schedule: Part, epochs: number, points: number): Promise<Float64Array> {
    return this.tool.ask("factors", [this.module, schedule, epochs, points]);
  }

  open(file: Uint8Array): Promise<Model> {
    return this.tool.ask("open", [file]);
  }

  private get tool(): WasmSession {
    return (this.tools ??= new WasmSession(this.start(), () => (this.tools = null)));
  }

  close(): void {
    for (const session of [...this.sessions]) session.close();
    this.tools?.close();
  }
}

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

class WasmSession implements Session {
  plan!: Plan;
  training!: Training;
  onprogress: ((progress: Progress) => void) | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private closed = false;

  constructor(
    private readonly worker: Worker,
    private readonly onclose: (session: WasmSession) => void,
  ) {
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.take(data);
    this.worker.onerror = (event) => this.fail(new Refusal(`the engine's worker has stopped: ${event.message}`));
  }

  async open(module: WebAssembly.Module, training: Training, data: Data, heldOut?: Data): Promise<void> {
    const given = structuredClone({ training, data, heldOut });
    this.training = structuredClone(training);
    this.plan = (await this.call<Created>("create", [{ module, ...given }], memoryOf(given))).plan;
  }

  /** What needs no network. */
  ask<T>(name: string, given: unknown[]): Promise<T> {
    return this.call(name, given);
  }

  async run(goal: Goal): Promise<Progress> {
    const last = await this.call<Progress>("run", [goal]);
    this.onprogress?.(last);
    return last;
  }

  stop(): Promise<void> {
    return this.call("stop", []);
  }

  async reset(random_state?: number): Promise<void> {
    await this.call("reset", [random_state]);
    if (random_state !== undefined) this.training = { ...this.training, random_state };
  }

  async change(settings: { learning_rate?: number }): Promise<void> {
    await this.call("change", [settings]);
    const { learning_rate } = settings;
    if (learning_rate !== undefined)
      this.training = { ...this.training, optimizer: { ...this.training.optimizer, learning_rate } };
  }

  outputs(rows: Rows, layer?: number): Promise<Float32Array> {
    return this.call("outputs", [rows, layer]);
  }

  evaluate(data: Data): Promise<Score> {
    return this.call("evaluate", [data]);
  }

  trace(rows: number[] | Data): Promise<StepNumbers> {
    return this.call("trace", [rows]);
  }

  theta(): Promise<Float32Array> {
    return this.call("theta", []);
  }

  setTheta(values: Float32Array, at?: number): Promise<void> {
    return this.call("setTheta", [values, at]);
  }

  save(): Promise<Uint8Array> {
    return this.call("save", []);
  }

  close(): void {
    this.worker.terminate();
    this.fail(new Refusal("this session is closed"));
    this.onclose(this);
  }

  private call<T>(name: string, given: unknown[], transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.closed) return Promise.reject(new Refusal("this session is closed"));
    const id = this.calls++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, name, arguments: given }, transfer);
    });
  }

  private take(answer: Answer): void {
    if (answer.id === null) {
      this.onprogress?.(answer.progress);
      return;
    }
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if ("refusal" in answer) waiting?.reject(new Refusal(answer.refusal));
    else waiting?.resolve(answer.result as never);
  }

  private fail(error: Error): void {
    this.closed = true;
    for (const waiting of this.waiting.values()) waiting.reject(error);
    this.waiting.clear();
  }
}
