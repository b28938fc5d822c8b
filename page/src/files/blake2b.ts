/** BLAKE2b (RFC 7693), without a key: the checksum of a model file. 64-bit words are pairs of 32 bits, low first. */

const IV = Uint32Array.of(
  0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a, 0xade682d1,
  0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
); // prettier-ignore
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
]; // prettier-ignore
const BLOCK = 128;

/** A digest to which bytes are added one after the other. */
export class Blake2b {
  private readonly h = new Uint32Array(16);
  private readonly v = new Uint32Array(32);
  private readonly m = new Uint32Array(32);
  private readonly block = new Uint8Array(BLOCK);
  private filled = 0;
  private count = 0;

  constructor(private readonly size = 64) {
    this.h.set(IV);
    this.h[0] ^= 0x01010000 ^ size;
  }

  update(data: Uint8Array): this {
    for (let at = 0; at < data.length; ) {
      if (this.filled === BLOCK) this.compress(false);
      const part = data.subarray(at, at + BLOCK - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
    }
    return this;
  }

  digest(): Uint8Array {
    this.block.fill(0, this.filled);
    this.compress(true);
    return new Uint8Array(this.h.buffer.slice(0, this.size));
  }

  private compress(isLast: boolean): void {
    const { h, v, m, block } = this;
    this.count += this.filled;
    this.filled = 0;
    for (let i = 0; i < 32; i++) {
      const at = 4 * i;
      m[i] = block[at] | (block[at + 1] << 8) | (block[at + 2] << 16) | (block[at + 3] << 24);
    }
    v.set(h);
    v.set(IV, 16);
    v[24] ^= this.count;
    v[25] ^= this.count / 2 ** 32;
    if (isLast) {
      v[28] = ~v[28];
      v[29] = ~v[29];
    }
    for (let round = 0; round < 12; round++) {
      const s = SIGMA[round % 10];
      for (let i = 0; i < 4; i++) mix(v, m, i, 4 + i, 8 + i, 12 + i, s[2 * i], s[2 * i + 1]);
      for (let i = 0; i < 4; i++) {
        mix(v, m, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4), s[8 + 2 * i], s[9 + 2 * i]);
      }
    }
    for (let i = 0; i < 16; i++) h[i] ^= v[i] ^ v[i + 16];
  }
}

function mix(v: Uint32Array, m: Uint32Array, a: number, b: number, c: number, d: number, x: number, y: number): void {
  add(v, 2 * a, v[2 * b], v[2 * b + 1]);
  add(v, 2 * a, m[2 * x], m[2 * x + 1]);
  turn(v, 2 * d, 2 * a, 32);
  add(v, 2 * c, v[2 * d], v[2 * d + 1]);
  turn(v, 2 * b, 2 * c, 24);
  add(v, 2 * a, v[2 * b], v[2 * b + 1]);
  add(v, 2 * a, m[2 * y], m[2 * y + 1]);
  turn(v, 2 * d, 2 * a, 16);
  add(v, 2 * c, v[2 * d], v[2 * d + 1]);
  turn(v, 2 * b, 2 * c, 63);
}

function add(v: Uint32Array, at: number, low: number, high: number): void {
  const sum = v[at] + low;
  v[at + 1] += high + (sum >= 2 ** 32 ? 1 : 0);
  v[at] = sum;
}

/** v[at] ← (v[at] ⊕ v[other]) turned to the right. */
function turn(v: Uint32Array, at: number, other: number, by: number): void {
  const low = v[at] ^ v[other];
  const high = v[at + 1] ^ v[other + 1];
  if (by === 32) [v[at], v[at + 1]] = [high, low];
  else if (by < 32) {
    v[at] = (low >>> by) | (high << (32 - by));
    v[at + 1] = (high >>> by) | (low << (32 - by));
  } else {
    v[at] = (low << (64 - by)) | (high >>> (by - 32));
    v[at + 1] = (high << (64 - by)) | (low >>> (by - 32));
  }
}

/** The digest of bytes. */
export function blake2b(data: Uint8Array, size = 64): Uint8Array {
  return new Blake2b(size).update(data).digest();
}

export function hexadecimal(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
