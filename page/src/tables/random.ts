/**
 * NumPy's permutations, to the same order: `default_rng(seed)` splits the rows of a table, and the keyed Philox sets the
 * folds of columns of text (Python's `layerwise.data.philox`). Golden files hold them together.
 */

const MASK64 = (1n << 64n) - 1n;
const MASK128 = (1n << 128n) - 1n;

/** 64 random bits at a time. */
type Source = () => bigint;

/** NumPy's `Generator.permutation(n)`, as long as n is below 2³². */
export class Generator {
  private rest: number | null = null;

  constructor(private readonly next: Source) {}

  private next32(): number {
    if (this.rest !== null) {
      const { rest } = this;
      this.rest = null;
      return rest;
    }
    const word = this.next();
    this.rest = Number(word >> 32n);
    return Number(word & 0xffffffffn);
  }

  /** A whole number from 0 to `most`: words are drawn until their low bits are one. */
  private upTo(most: number): number {
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const value = (this.next32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/** np.random.default_rng(seed), of a seed below 2³². */
export function defaultRng(seed: number): Generator {
  const words = seedSequence(seed, 8);
  const long = (i: number): bigint => (BigInt(words[i + 1]) << 32n) | BigInt(words[i]);
  const increment = ((((long(4) << 64n) | long(6)) << 1n) | 1n) & MASK128;
  const step = (state: bigint): bigint => (state * 0x2360ed051fc65da44385df649fccf645n + increment) & MASK128;
  let state = step((step(0n) + ((long(0) << 64n) | long(2))) & MASK128);
  return new Generator(() => {
    state = step(state);
    const folded = (state >> 64n) ^ (state & MASK64);
    const turn = state >> 122n;
    return ((folded >> turn) | (folded << ((64n - turn) & 63n))) & MASK64;
  });
}

/** NumPy's SeedSequence: words of 32 bits from a seed. */
function seedSequence(seed: number, count: number): number[] {
  let constant = 0x43b0d7e5;
  const hashed = (given: number): number => {
    let value = given ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const pool = [seed, 0, 0, 0].map(hashed);
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from === to) continue;
      const mixed = Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, hashed(pool[from]));
      pool[to] = (mixed | 0) ^ ((mixed | 0) >>> 16);
    }
  }
  constant = 0x8b51f9dd;
  return Array.from({ length: count }, (_, i) => {
    let value = pool[i % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  });
}

/** np.random.Generator(np.random.Philox(key=[low, high])) */
export function keyedGenerator(low: bigint, high: bigint): Generator {
  let counter = 0n;
  let buffer: bigint[] = [];
  return new Generator(() => {
    if (!buffer.length) buffer = philox(++counter, low, high);
    return buffer.shift() as bigint;
  });
}

/** Philox4x64-10 of a counter below 2⁶⁴. */
function philox(counter: bigint, low: bigint, high: bigint): bigint[] {
  let words = [counter, 0n, 0n, 0n];
  let [k0, k1] = [low, high];
  for (let i = 0; i < 10; i++) {
    const first = words[0] * 0xd2e7470ee14c6c93n;
    const second = words[2] * 0xca5a826395121157n;
    words = [(second >> 64n) ^ words[1] ^ k0, second & MASK64, (first >> 64n) ^ words[3] ^ k1, first & MASK64];
    k0 = (k0 + 0x9e3779b97f4a7c15n) & MASK64;
    k1 = (k1 + 0xbb67ae8584caa73bn) & MASK64;
  }
  return words;
}

const FOLDS = 3n; // what this generator draws

/** The generator of the folds in which columns of text are encoded. */
export function foldsGenerator(): Generator {
  return keyedGenerator(0n, FOLDS << 60n);
}
