/** Arrays in NumPy's file: a ZIP archive, not compressed, of .npy files. */

export interface NumpyArray {
  values: Uint8Array | Int32Array | Float32Array | Float64Array;
  shape: number[];
}

export function npz(arrays: { [name: string]: NumpyArray }): Uint8Array<ArrayBuffer> {
  return zip(Object.entries(arrays).map(([name, array]) => ({ name: `${name}.npy`, bytes: npy(array) })));
}

const TYPES: [new (n: number) => NumpyArray["values"], string][] = [
  [Uint8Array, "|u1"],
  [Int32Array, "<i4"],
  [Float32Array, "<f4"],
  [Float64Array, "<f8"],
];

function npy({ values, shape }: NumpyArray): Uint8Array<ArrayBuffer> {
  const type = TYPES.find(([kind]) => values instanceof kind)![1];
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const about = `{'descr': '${type}', 'fortran_order': False, 'shape': ${sizes}, }`;
  const header = `${about.padEnd(Math.ceil((about.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + values.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + header.length);
  return bytes;
}

interface File {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

function zip(files: File[]): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const central: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const file of files) {
    const name = new TextEncoder().encode(file.name);
    const shared = sharedFields(file, name);
    const local = record([0x04034b50, 4], ...shared);
    central.push(record([0x02014b50, 4], [20, 2], ...shared, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]), name);
    chunks.push(local, name, file.bytes);
    at += local.length + name.length + file.bytes.length;
  }
  const size = central.reduce((sum, chunk) => sum + chunk.length, 0);
  const count = files.length;
  const end = record([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [at, 4], [0, 2]);
  return joined([...chunks, ...central, end]);
}

/** Version, flags, no compression, no time (1980-01-01), checksum, sizes, and the lengths of the name and of no more. */
function sharedFields({ bytes }: File, name: Uint8Array): [number, number][] {
  const size = bytes.length;
  return [[20, 2], [0, 2], [0, 2], [0, 2], [0x21, 2], [crc32(bytes), 4], [size, 4], [size, 4], [name.length, 2], [0, 2]];
}

/** Numbers of so many bytes each, the least significant first. */
function record(...fields: [value: number, bytes: number][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(fields.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >>> (8 * i)) & 255)));
}

function joined(chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

function crc32(bytes: Uint8Array): number {
  let found = 0xffffffff;
  for (const byte of bytes) found = (found >>> 8) ^ REMAINDERS[(found ^ byte) & 255];
  return (found ^ 0xffffffff) >>> 0;
}
