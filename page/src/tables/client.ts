/** The tables' worker, as views ask it. */

import { type Options } from "./deciding.ts";
import { DataError } from "./errors.ts";
import { type Overview, type Prepared, type Split } from "./prepared.ts";
import { type Settings } from "./reading/text.ts";
import type { Answer, Question } from "./tableworker.ts";

type Asked = Question extends infer Q ? (Q extends Question ? Omit<Q, "id"> : never) : never;

export class Tables {
  private worker: Worker | null = null;
  private next = 0;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private told: ((read: number, size: number) => void) | null = null;

  /** Loads the worker, so that nothing has to be loaded once a table comes. */
  warm(): void {
    this.worker ??= this.begin();
  }

  /** Reads a file; one that is being read is let go. */
  async open(
    file: Blob,
    name: string,
    settings: Partial<Settings>,
    options: Options,
    told: (read: number, size: number) => void,
  ): Promise<Overview> {
    if (this.told !== null) this.close();
    this.told = told;
    try {
      const answer = await this.ask({ ask: "open", file, name, settings, options });
      return (answer as Extract<Answer, { overview: Overview }>).overview;
    } finally {
      if (this.told === told) this.told = null;
    }
  }

  async understand(options: Options): Promise<Overview> {
    const answer = await this.ask({ ask: "understand", options });
    return (answer as Extract<Answer, { overview: Overview }>).overview;
  }

  async prepare(split: Split): Promise<Prepared> {
    return ((await this.ask({ ask: "prepare", split })) as Extract<Answer, { prepared: Prepared }>).prepared;
  }

  /** The cells of some rows of the table. */
  async rows(places: number[]): Promise<string[][]> {
    return ((await this.ask({ ask: "rows", places })) as Extract<Answer, { rows: string[][] }>).rows;
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
    this.told = null;
    for (const [id, settle] of this.waiting) settle({ id, error: "another table was opened" });
    this.waiting.clear();
  }

  private ask(question: Asked): Promise<Answer> {
    this.worker ??= this.begin();
    const id = this.next++;
    const { worker } = this;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (answer) => ("error" in answer ? reject(new DataError(answer.error)) : resolve(answer)));
      worker.postMessage({ ...question, id });
    });
  }

  private begin(): Worker {
    const worker = new Worker(new URL("./tableworker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ("read" in data) return this.told?.(data.read, data.size);
      const settle = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      settle?.(data);
    };
    worker.onerror = (event) => {
      for (const [id, settle] of this.waiting) settle({ id, error: event.message || "the table's worker has failed" });
      this.waiting.clear();
    };
    return worker;
  }
}
