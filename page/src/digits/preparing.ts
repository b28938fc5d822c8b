/** The page's side of `reading-worker.ts`: one drawing at a time is read, and of those that wait the newest. */

import type { Picture, Reader, Reading } from "./reading";
import type { FromWorker, ToWorker } from "./reading-worker";

interface Task {
  picture: Picture;
  reader: Reader;
  single: boolean;
  resolve: (reading: Reading | null) => void;
  reject: (error: Error) => void;
}

export class Preparing {
  private worker: Worker | null = null;
  private working: Task | null = null;
  private next: Task | null = null;
  private job = 0;

  /** What a picture says; null if a newer one came before this one's turn. */
  read(picture: Picture, reader: Reader, single = false): Promise<Reading | null> {
    return new Promise((resolve, reject) => {
      this.next?.resolve(null);
      this.next = { picture, reader, single, resolve, reject };
      if (!this.working) this.start();
    });
  }

  close(): void {
    this.worker?.terminate();
    this.worker = null;
    this.working?.resolve(null);
    this.next?.resolve(null);
    this.working = this.next = null;
  }

  private start(): void {
    this.working = this.next;
    this.next = null;
    if (!this.working) return;
    this.worker ??= this.made();
    const { picture, reader, single } = this.working;
    this.job += 1;
    this.send({ type: "read", job: this.job, picture, single, classes: [...reader.classes], leastConfidence: reader.leastConfidence });
  }

  private made(): Worker {
    const worker = new Worker(new URL("./reading-worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => void this.take(data);
    worker.onerror = () => {
      this.worker?.terminate();
      this.worker = null;
      this.finish((task) => task.reject(new Error("the drawing could not be read")));
    };
    return worker;
  }

  private send(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  private async take(message: FromWorker): Promise<void> {
    if (message.job !== this.job || !this.working) return;
    if (message.type === "question") {
      const answers = await this.working.reader.probabilities(message.images).catch(() => null);
      this.send({ type: "probabilities", question: message.question, answers });
    } else if (message.type === "reading") this.finish((task) => task.resolve(message.reading));
    else this.finish((task) => task.reject(new Error(message.words)));
  }

  private finish(end: (task: Task) => void): void {
    const task = this.working;
    this.working = null;
    if (task) end(task);
    this.start();
  }
}
