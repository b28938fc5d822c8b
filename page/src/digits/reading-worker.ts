/** Reads drawings beside the page, so that it never waits; the network is asked through messages. */

import { type Digit, type Picture, type Reading, readPicture } from "./reading";

export interface Job {
  type: "read";
  job: number;
  picture: Picture;
  single: boolean;
  classes: (string | number)[];
  leastConfidence: number;
}
export type ToWorker = Job | { type: "probabilities"; question: number; answers: Float32Array[] | null };
export type FromWorker =
  | { type: "question"; job: number; question: number; images: Uint8Array[] }
  | { type: "reading"; job: number; reading: Reading }
  | { type: "failed"; job: number; words: string };
export type { Digit };

const waiting = new Map<number, { resolve: (answers: Float32Array[]) => void; reject: (error: Error) => void }>();
let questions = 0;

function send(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "read") {
    void read(data);
    return;
  }
  const one = waiting.get(data.question);
  waiting.delete(data.question);
  if (data.answers) one?.resolve(data.answers);
  else one?.reject(new Error("stopped"));
};

async function read({ job, picture, single, classes, leastConfidence }: Job): Promise<void> {
  const probabilities = (images: Uint8Array[]) =>
    new Promise<Float32Array[]>((resolve, reject) => {
      const question = questions++;
      waiting.set(question, { resolve, reject });
      send({ type: "question", job, question, images });
    });
  try {
    send({ type: "reading", job, reading: await readPicture(picture, { probabilities, classes, leastConfidence }, single) });
  } catch (error) {
    send({ type: "failed", job, words: error instanceof Error ? error.message : String(error) });
  }
}
