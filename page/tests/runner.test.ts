import { expect, test } from "vitest";

import type { Goal, Progress, Session } from "../src/engine/engine.ts";
import { Runner } from "../src/ui/runner.svelte.ts";

/** A session of four steps an epoch that reports each epoch as it ends, as a slow machine does, and not again. */
function reporting(): Session {
  let steps = 0;
  const session = {
    onprogress: null as Session["onprogress"],
    async run(goal: Goal): Promise<Progress> {
      let [stopped_by, left] = ["steps", goal.epochs ?? Infinity];
      for (let i = 0; i < (goal.steps ?? Infinity); i++) {
        if (left <= 0) stopped_by = "epochs";
        if (left <= 0) break;
        steps += 1;
        if (steps % 4) continue;
        left -= 1;
        session.onprogress?.({ rows: [row(steps / 4)], current: row(steps / 4), running: true, stopped_by: null, words: null } as Progress);
      }
      return { rows: [], current: row(Math.floor(steps / 4)), running: false, stopped_by, words: null } as unknown as Progress;
    },
    stop: async () => undefined,
    close: () => undefined,
  };
  const row = (epoch: number) => ({ epoch, steps, loss: 1 });
  return session as unknown as Session;
}

test.each([300, 2400])("at %d steps a second a run ends after as many epochs as were asked for", async (pace) => {
  const runner = new Runner(async () => ({ create: async () => reporting() }) as never);
  await runner.create({ optimizer: { type: "SGD" } } as never, {} as never);
  runner.pace = pace;
  await runner.run({ epochs: 9 });
  expect(runner.current?.epoch).toBe(9);
  await runner.run({ epochs: 2 });
  expect(runner.current?.epoch).toBe(11);
});
