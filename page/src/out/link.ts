/**
 * A link that restores a network of the page: what was saved, compressed, after the # of the address, which no server is
 * sent.
 *
 *     #playground?net=1.7VZNb9s4EP0rhE4tYAiO…      the version of the form, a point, and the bytes in base64
 */

import { fromAddress, toAddress } from "./base64.ts";
import { parse, type Saved, Unreadable } from "./saved.ts";

export const LONG = 8_000; // some mail and chat programs cut what is longer
export const MOST = 200_000; // browsers take more, but hardly anyone can send it
const MOST_BYTES = 16_000_000; // of what a link unpacks to
const FORM = "1";
const MARK = "?net=";

export interface Link {
  /** What comes after the #, with it. */
  fragment: string;
  /** The whole address. */
  address: string;
  isLong: boolean;
}

/** The link; refused where it would be longer than anyone can send. */
export async function linkOf(saved: Saved, page: string): Promise<Link> {
  const bytes = await packed(new TextEncoder().encode(JSON.stringify(saved)));
  const fragment = `#${saved.trainer}${MARK}${FORM}.${toAddress(bytes)}`;
  const address = page.split("#")[0] + fragment;
  if (address.length > MOST) throw new Unreadable("out.link.too_long", { length: address.length, most: MOST });
  return { fragment, address, isLong: address.length > LONG };
}

/** What a link's fragment holds; null where it holds none. */
export async function readLink(fragment: string): Promise<Saved | null> {
  const place = fragment.indexOf(MARK);
  if (place < 0) return null;
  const [form, text, ...more] = fragment.slice(place + MARK.length).split(".");
  if (text === undefined || more.length) throw new Unreadable("out.wrong.link");
  if (form !== FORM) throw new Unreadable("out.wrong.version", { found: form.slice(0, 10), known: FORM });
  if (text.length > MOST) throw new Unreadable("out.link.too_long", { length: text.length, most: MOST });
  const bytes = fromAddress(text);
  if (!bytes?.length) throw new Unreadable("out.wrong.link");
  return parse(new TextDecoder().decode(await unpacked(bytes)));
}

async function packed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Unpacked, as far as that is not far too much. */
async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length;
      if (size > MOST_BYTES) throw new Unreadable("out.link.too_much");
      chunks.push(next.value);
    }
  } catch (error) {
    void reader.cancel().catch(() => {});
    throw error instanceof Unreadable ? error : new Unreadable("out.wrong.link");
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
