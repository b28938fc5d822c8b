/** Reads drawings beside the page, so that it never waits; the network is asked through messages. */

import { toMnist } from "./form";
import { type Digit, type Picture, type Reading, readPicture } from "./reading";
import { Unreadable } from "./unreadable";

export interface Job {
  type: "read";
  job: number;
  picture: Picture;
  single: boolean;
  /** None: there is no network, and the picture is only brought to the form that one would see. */
  classes: (string | number)[];
  leastConfidence: number;
}
export type ToWorker = Job | { type: "probabilities"; question: number; answers: Float32Array[] | null };
export type FromWorker =
  | { type: "question"; job: number; question: number; images: Uint8Array[] }
  | { type: "reading"; job: number; reading: Reading }
  | { type: "failed"; job: number; words: string };

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
    const reader = { probabilities, classes, leastConfidence };
    send({ type: "reading", job, reading: classes.length ? await readPicture(picture, reader, single) : formed(picture) });
  } catch (error) {
    send({ type: "failed", job, words: error instanceof Error ? error.message : String(error) });
  }
}

/** All of the ink as one digit that nobody has read. */
function formed({ grey, size }: Picture): Reading {
  const reading: Reading = { answer: null, confidence: 0, reason: null, rows: [], size };
  try {
    const nothing = { answer: null, guess: "", confidence: 0, place: [0, 0, ...size] as Digit["place"] };
    return { ...reading, rows: [[{ ...nothing, image: toMnist(grey), probabilities: new Float32Array() }]] };
  } catch (error) {
    if (error instanceof Unreadable) return { ...reading, reason: error.reason };
    throw error;
  }
}
