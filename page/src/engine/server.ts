/**
 * Python as the page's engine, at the other end of a WebSocket or of a notebook's channel. When Python goes away the page
 * asks for it again for a few seconds; then its networks go on in the engine of this browser, with the parameters that
 * were known last, and say so.
 */
import { start } from "../start";
import { t } from "../words/words.svelte";
import type { Data, Engine, Model, Part, Session, Training } from "./engine";
import { Gone, Link, messagePort, webSocket } from "./link";
import { type Home, ServerSession } from "./server_session";

const TRIES = [0, 500, 1000, 1500]; // milliseconds before each time that Python is asked for again

declare global {
  /** In a notebook's widget, the channel to Python: front.ts puts it there. */
  var layerwiseChannel: MessagePort | undefined;
}

/** A digit that Python has found in a picture. */
export interface ReadDigit {
  answer: string | null;
  guess: string;
  confidence: number;
  /** Left, top, width and height in pixels of the picture. */
  place: [number, number, number, number];
  image: Uint8Array;
  probabilities: Float32Array;
}

/** What a picture says: handwriting/reading.py. */
export interface Reading {
  answer: string | null;
  confidence: number;
  reason: string | null;
  rows: ReadDigit[][];
  size: [number, number];
}

/** What `net.play(X, y)` was called on. */
export interface Own {
  model: Model;
  data: Data | null;
}

async function reach(): Promise<Link> {
  if (globalThis.layerwiseChannel) return new Link(messagePort(globalThis.layerwiseChannel));
  const { engine } = await start();
  if (!engine) throw new Gone(t("server.gone"));
  return new Link(await webSocket(new URL(engine, document.baseURI)));
}

export class ServerEngine implements Engine, Home {
  readonly kind = "server";
  /** Called when Python stays away although it was asked for again, and when it is there again. */
  onchange: ((there: boolean) => void) | null = null;
  private readonly sessions = new Set<ServerSession>();
  private readonly fallback: () => Promise<Engine>;
  private again: Promise<Link | null> | null = null;
  private over = false;

  private constructor(
    private link: Link,
    fallback: () => Promise<Engine>,
  ) {
    this.fallback = fallback;
    this.watch();
  }

  /** The engine, if Python is there; null where the page is a site of plain files, or nothing answers. */
  static async find(fallback: () => Promise<Engine>): Promise<ServerEngine | null> {
    try {
      return new ServerEngine(await reach(), fallback);
    } catch {
      return null;
    }
  }

  /** Whether Python answers now. */
  get there(): boolean {
    return this.link.open;
  }

  async create(training: Training, data: Data, heldOut?: Data): Promise<Session> {
    const way = await this.way();
    if (!way) return (await this.fallback()).create(training, data, heldOut);
    const session = new ServerSession(this, { training, data, heldOut });
    await session.open(way);
    this.sessions.add(session);
    return session;
  }

  async factors(schedule: Part, epochs: number, points: number): Promise<Float64Array> {
    const way = await this.way();
    if (!way) return (await this.fallback()).factors(schedule, epochs, points);
    return way.call("factors", { schedule, epochs, points });
  }

  async open(file: Uint8Array): Promise<Model> {
    const way = await this.way();
    return way ? way.call("open", { file }) : (await this.fallback()).open(file);
  }

  /** The network that `net.play()` was called on, with its data if they were given; null if there is none. */
  async own(): Promise<Own | null> {
    return (await this.way())?.call<Own | null>("own") ?? null;
  }

  /** The digits on a photograph, by the network of a session or by the reader that comes with layerwise. */
  async read(file: Uint8Array, by?: Session, single = false): Promise<Reading> {
    const way = await this.way();
    if (!way) throw new Gone(t("server.needed"));
    return way.call("read", { file, by: by instanceof ServerSession ? by.number : null, single });
  }

  close(): void {
    this.over = true;
    for (const session of [...this.sessions]) session.close();
    this.link.close();
  }

  forget(session: ServerSession): void {
    this.sessions.delete(session);
  }

  /** The engine of this browser, for what Python leaves behind. */
  browser(): Promise<Engine> {
    return this.fallback();
  }

  /** The way to Python; where it was lost Python is asked for again, once for all who ask. Null if it stays away. */
  way(): Promise<Link | null> {
    if (this.link.open) return Promise.resolve(this.link);
    this.again ??= this.reconnect().finally(() => (this.again = null));
    return this.again;
  }

  private async reconnect(): Promise<Link | null> {
    for (const wait of TRIES) {
      if (this.over || globalThis.layerwiseChannel) break;
      if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
      try {
        this.link = await reach();
        this.watch();
        this.onchange?.(true);
        return this.link;
      } catch {
        continue;
      }
    }
    if (!this.over) this.onchange?.(false);
    return null;
  }

  private watch(): void {
    this.link.onlost = () => {
      void this.way();
      for (const session of this.sessions) session.move().catch(() => undefined); // who asks for it next is told
    };
  }
}
