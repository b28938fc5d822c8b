/** Values for C++, as page/engine/value.h reads them: one number after the other. */

/** An array that lies in the module's memory: its type is a letter of Python's buffers. */
export class Place {
  constructor(
    readonly address: number,
    readonly type: string,
    readonly sizes: number[],
  ) {}
}

export type Argument = null | number | boolean | string | Place | Argument[] | { [name: string]: Argument };

export function encode(value: Argument, into: number[] = []): number[] {
  if (value === null) into.push(0);
  else if (typeof value === "number" || typeof value === "boolean") into.push(1, Number(value));
  else if (typeof value === "string") text(value, into);
  else if (value instanceof Place)
    into.push(5, value.address, value.type.charCodeAt(0), value.sizes.length, value.sizes[0] ?? 0, value.sizes[1] ?? 0);
  else if (Array.isArray(value)) {
    into.push(3, value.length);
    for (const item of value) encode(item, into);
  } else {
    const names = Object.keys(value).filter((name) => value[name] !== undefined);
    into.push(4, names.length);
    for (const name of names) {
      text(name, into);
      encode(value[name], into);
    }
  }
  return into;
}

function text(value: string, into: number[]): void {
  const bytes = new TextEncoder().encode(value);
  into.push(2, bytes.length, ...bytes);
}
