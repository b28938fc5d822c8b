/**
 * The C++ engine as a WebAssembly module. Each session has an instance of its own, and with it a memory of its own: what
 * a refused call has left there goes when the session goes.
 */
import { Refusal } from "./engine";
import { type Argument, encode, Place } from "./values";

interface Exports {
  memory: WebAssembly.Memory;
  __stack_pointer: WebAssembly.Global;
  _initialize(): void;
  allocate(bytes: number): number;
  release(address: number): void;
  results(): number;
  result_count(): number;
}

export type Numbers = Float64Array | Float32Array | Uint8Array | Int32Array | BigInt64Array;

const TYPES = new Map<unknown, string>([
  [Float64Array, "d"],
  [Float32Array, "f"],
  [Uint8Array, "B"],
  [Int32Array, "i"],
  [BigInt64Array, "q"],
]);

/** Compiles the module: while it is loaded where the server says what it is, else once it is there. */
export async function compile(url: string | URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Refusal(`the engine could not be loaded: ${response.status} ${response.statusText}`);
  if (response.headers.get("Content-Type") === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

export class Module {
  private readonly exports: Exports;
  private room = { address: 0, length: 0 };
  private dead = false;

  constructor(module: WebAssembly.Module) {
    const page = {
      now: () => performance.now() / 1000,
      refuse: (address: number, length: number) => {
        throw new Refusal(new TextDecoder().decode(new Uint8Array(this.exports.memory.buffer, address, length)));
      },
    };
    const system = Object.fromEntries(
      WebAssembly.Module.imports(module)
        .filter((one) => one.module === "wasi_snapshot_preview1")
        .map((one) => [one.name, unavailable]),
    );
    const instance = new WebAssembly.Instance(module, { page, wasi_snapshot_preview1: system });
    this.exports = instance.exports as unknown as Exports;
    this.exports._initialize();
  }

  /** Calls a function of face.cpp. */
  call(name: string, argument: Argument): Float64Array {
    const numbers = encode(argument);
    this.guarded(() => {
      if (this.room.length < numbers.length) {
        if (this.room.address) this.exports.release(this.room.address);
        this.room = { address: 0, length: 0 };
        this.room = { address: this.exports.allocate(8 * 2 * numbers.length), length: 2 * numbers.length };
      }
      new Float64Array(this.exports.memory.buffer, this.room.address, numbers.length).set(numbers);
      const call = (this.exports as unknown as Record<string, (address: number, count: number) => void>)[name];
      call(this.room.address, numbers.length);
    });
    const { results, result_count, memory } = this.exports;
    return new Float64Array(memory.buffer, results(), result_count()).slice();
  }

  /** Room for numbers; it is zeroed. */
  allocate(type: "d" | "f" | "B" | "q", ...sizes: number[]): Place {
    const bytes = { d: 8, q: 8, f: 4, B: 1 }[type] * sizes.reduce((product, n) => product * n, 1);
    if (!(bytes < 2 ** 32)) throw new Refusal("there is not enough memory");
    return new Place(this.guarded(() => this.exports.allocate(bytes)), type, sizes);
  }

  release(place: Place | null): void {
    if (place) this.exports.release(place.address);
  }

  /** A copy of numbers in the module's memory. */
  put(values: Numbers, ...sizes: number[]): Place {
    const type = TYPES.get(values.constructor) as "d" | "f" | "B" | "q";
    const place = this.allocate(type, ...(sizes.length ? sizes : [values.length]));
    this.view(place).set(values as never);
    return place;
  }

  /** The numbers at a place, valid until the next call. */
  view(place: Place): Numbers {
    const buffer = this.exports.memory.buffer;
    const n = place.sizes.reduce((product, size) => product * size, 1);
    if (place.type === "d") return new Float64Array(buffer, place.address, n);
    if (place.type === "f") return new Float32Array(buffer, place.address, n);
    if (place.type === "q") return new BigInt64Array(buffer, place.address, n);
    return new Uint8Array(buffer, place.address, n);
  }

  floats(place: Place): Float32Array {
    return this.view(place) as Float32Array;
  }

  /** A refusal leaves the frames of C++ without an end: its stack is set back. A trap leaves nothing to go on with. */
  private guarded<T>(work: () => T): T {
    if (this.dead) throw new Refusal("the engine has stopped: there was not enough memory");
    const stack = this.exports.__stack_pointer.value as number;
    try {
      return work();
    } catch (error) {
      if (error instanceof Refusal) {
        this.exports.__stack_pointer.value = stack;
        throw error;
      }
      this.dead = true;
      const why = error instanceof Error ? error.message : String(error);
      throw new Refusal(`the engine has stopped, most likely for want of memory: ${why}`);
    }
  }
}

function unavailable(): number {
  return 52; // ENOSYS
}
