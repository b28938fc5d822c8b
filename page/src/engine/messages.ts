/** What the page and its worker say to each other: a call has a number, and so has its answer. */
import type { Data, Plan, Progress, Training } from "./engine";

export interface Create {
  module: WebAssembly.Module;
  training: Training;
  data: Data;
  heldOut?: Data;
}

export interface Call {
  id: number;
  name: string;
  arguments: unknown[];
}

export type Answer =
  | { id: number; result: unknown }
  | { id: number; refusal: string }
  | { id: null; progress: Progress };

export interface Created {
  plan: Plan;
}

/** The memory of arrays within a value, to be handed over and not copied. */
export function memoryOf(value: unknown, found: Set<ArrayBuffer> = new Set()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
  else if (Array.isArray(value)) for (const item of value) memoryOf(item, found);
  else if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) memoryOf(item, found);
  return [...found];
}
