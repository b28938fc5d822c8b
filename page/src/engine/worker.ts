/** The engine's worker: one session. Messages in, answers out. */
import { type Answer, type Call, memoryOf } from "./messages";
import { Serving } from "./serving";

const answer = (message: Answer) => postMessage(message, { transfer: memoryOf(message) });
const serving = new Serving((progress) => answer({ id: null, progress }));

onmessage = async ({ data: call }: MessageEvent<Call>) => {
  try {
    const method = (serving as unknown as Record<string, (...given: unknown[]) => unknown>)[call.name];
    answer({ id: call.id, result: await method.apply(serving, call.arguments) });
  } catch (error) {
    answer({ id: call.id, refusal: error instanceof Error ? error.message : String(error) });
  }
};
