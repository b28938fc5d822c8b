/**
 * Random numbers by key: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011), the cipher of the engine's masks
 * (data/philox.py). Word i of a draw is word i mod 4 of the block with counter (i div 4, stream, 0, 0) under the seed.
 */
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57];
const WEYL = [0x9e3779b9, 0xbb67ae85];

/** The upper and lower 32 bits of a product. */
function multiply(a: number, b: number): [number, number] {
  const low = Math.imul(a, b) >>> 0;
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const second = a0 * b1 + (middle % 0x10000);
  return [(a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(second / 0x10000)) >>> 0, low];
}

function block(counter: number, stream: number, seed: number): [number, number, number, number] {
  let [a, b, c, d] = [counter >>> 0, stream >>> 0, 0, 0];
  let [low, high] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  for (let round = 0; round < 10; round++) {
    const [p1, p0] = multiply(a, MULTIPLIERS[0]);
    const [q1, q0] = multiply(c, MULTIPLIERS[1]);
    [a, b, c, d] = [(q1 ^ b ^ low) >>> 0, q0, (p1 ^ d ^ high) >>> 0, p0];
    low = (low + WEYL[0]) >>> 0;
    high = (high + WEYL[1]) >>> 0;
  }
  return [a, b, c, d];
}

/** Numbers from one seed; each stream has its own, and none depends on how many the others gave. */
export class Draw {
  private words: number[] = [];
  private place = 0;
  private spare: number | null = null;

  constructor(
    private readonly seed: number,
    private readonly stream = 0,
  ) {}

  /** The next number of [0, 1), a multiple of 2⁻²⁴. */
  uniform(low = 0, high = 1): number {
    if (this.place % 4 === 0) this.words = block(this.place / 4, this.stream, this.seed);
    const word = this.words[this.place++ % 4];
    return low + (high - low) * ((word >>> 8) * 2 ** -24);
  }

  /** The next number of the normal distribution (Box and Muller 1958). */
  normal(): number {
    if (this.spare !== null) {
      const kept = this.spare;
      this.spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** The numbers 0 to n - 1 in an order of their own. */
  order(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}
