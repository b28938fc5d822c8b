/** Reads, understands and encodes tables beside the main thread, which so never waits. */

import { type Options } from "./deciding.ts";
import { overview, type Overview, prepare, type Prepared, type Split } from "./prepared.ts";
import { type RawTable } from "./raw.ts";
import { type Settings } from "./reading/text.ts";
import { load, type Loaded } from "./table.ts";
import { type Understanding } from "./understanding.ts";

/** What the worker is asked; `id` is given back with the answer. */
export type Question =
  | { id: number; ask: "open"; file: Blob; name: string; settings: Partial<Settings>; options: Options }
  | { id: number; ask: "understand"; options: Options }
  | { id: number; ask: "prepare"; split: Split }
  | { id: number; ask: "rows"; places: number[] };

export type Answer =
  | { id: number; overview: Overview }
  | { id: number; prepared: Prepared }
  | { id: number; rows: string[][] }
  | { id: number; read: number; size: number }
  | { id: number; error: string };

let loaded: Loaded | null = null;
let found: Understanding | null = null;

function table(): RawTable {
  if (loaded === null) throw new Error("no table is open");
  return loaded.raw;
}

function understood(options: Options): Overview {
  const [view, understanding] = overview(table(), loaded?.sampled ?? null, options);
  found = understanding;
  return view;
}

async function answer(question: Question): Promise<Answer> {
  const { id } = question;
  switch (question.ask) {
    case "open": {
      const { file, name, settings, options } = question;
      let last = 0;
      const next = await load(file, name, settings, (read) => {
        if (performance.now() - last < 100) return;
        last = performance.now();
        postMessage({ id, read, size: file.size } satisfies Answer);
      });
      loaded = next;
      return { id, overview: understood(options) };
    }
    case "understand":
      return { id, overview: understood(question.options) };
    case "prepare":
      if (found === null) throw new Error("the table is not understood");
      return { id, prepared: prepare(table(), found, question.split) };
    case "rows": {
      const { columns } = table();
      return { id, rows: question.places.map((row) => columns.map((column) => column[row].slice(0, 200))) };
    }
  }
}

/** The memory of matrices is handed over, not copied. */
function memoryOf(given: Answer): ArrayBuffer[] {
  if (!("prepared" in given)) return [];
  const { train, test } = given.prepared;
  return [train, test].map(({ X }) => X.buffer as ArrayBuffer);
}

onmessage = async (event: MessageEvent<Question>) => {
  try {
    const given = await answer(event.data);
    postMessage(given, { transfer: memoryOf(given) });
  } catch (error) {
    postMessage({ id: event.data.id, error: error instanceof Error ? error.message : String(error) } satisfies Answer);
  }
};
