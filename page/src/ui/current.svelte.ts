/** The networks of the page: one for each view that trains, and which of them is the newest. */
import type { Engine } from "../engine/engine";
import { connect } from "../engine/index";
import { ServerEngine } from "../engine/server";
import { place } from "./place.svelte";
import { Runner } from "./runner.svelte";

let engine: Promise<Engine> | null = null;

/** The engine of the page, begun when it is first asked for. */
export function theEngine(): Promise<Engine> {
  engine ??= connect().then(followed);
  return engine;
}

/** The engine, whose place the page shows from now on. */
function followed(found: Engine): Engine {
  place.engine = found.kind;
  if (found instanceof ServerEngine)
    found.onchange = (there) => {
      place.engine = there ? "server" : "browser";
      place.said = there ? "server.again" : "server.moved";
    };
  return found;
}

export type Trainer = "playground" | "digits" | "tables";

export const runners: Record<Trainer, Runner> = {
  playground: new Runner(theEngine),
  digits: new Runner(theEngine),
  tables: new Runner(theEngine),
};

// One network trains at a time: two would share the machine, and neither be watched.
for (const runner of Object.values(runners))
  runner.onstart = () => {
    for (const other of Object.values(runners)) if (other !== runner && other.running) void other.stop();
  };

const state = $state<{ trainer: Trainer }>({ trainer: "playground" });

/** The network that `Inside` and `Take it away` show. */
export const current = {
  get trainer(): Trainer {
    return state.trainer;
  },
  set trainer(chosen: Trainer) {
    state.trainer = chosen;
  },
  get runner(): Runner {
    return runners[state.trainer];
  },
};
