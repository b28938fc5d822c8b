/** The way to Python: a WebSocket, or the channel of a notebook's widget. Calls out, answers and reports in. */
import { t } from "../words/words.svelte";
import { Refusal } from "./engine";
import { pack, unpack } from "./frame";

export type Given = Record<string, unknown>;

/** What carries frames. */
export interface Carrier {
  send(frame: Uint8Array<ArrayBuffer>): void;
  onframe: ((frame: ArrayBuffer) => void) | null;
  /** It is closed, and Python no longer there. */
  onclose: (() => void) | null;
  close(): void;
}

interface Message {
  id?: number;
  result?: unknown;
  refusal?: string;
  session?: number;
  progress?: unknown;
}

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** A call was under way when Python went away. */
export class Gone extends Refusal {}

export class Link {
  /** Called once, when Python is gone and did not go away because the page closed the way. */
  onlost: (() => void) | null = null;
  open = true;
  private calls = 0;
  private readonly waiting = new Map<number, Waiting>();
  private readonly listeners = new Map<number, (progress: never) => void>();

  constructor(private readonly carrier: Carrier) {
    carrier.onframe = (frame) => this.take(unpack(frame) as Message);
    carrier.onclose = () => this.lose();
  }

  call<T>(call: string, given: Given = {}, session?: number): Promise<T> {
    if (!this.open) return Promise.reject(new Gone(t("server.gone")));
    const id = ++this.calls;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.carrier.send(pack({ id, call, with: given, ...(session === undefined ? {} : { session }) }));
    });
  }

  /** Hears the reports of a session; null ends that. */
  listen<T>(session: number, listener: ((progress: T) => void) | null): void {
    if (listener) this.listeners.set(session, listener as (progress: never) => void);
    else this.listeners.delete(session);
  }

  close(): void {
    this.onlost = null;
    this.carrier.close();
    this.lose();
  }

  private take(message: Message): void {
    if (message.progress !== undefined) {
      this.listeners.get(message.session!)?.(message.progress as never);
      return;
    }
    const waiting = this.waiting.get(message.id!);
    this.waiting.delete(message.id!);
    if (message.refusal !== undefined) waiting?.reject(new Refusal(message.refusal));
    else waiting?.resolve(message.result as never);
  }

  private lose(): void {
    if (!this.open) return;
    this.open = false;
    const lost = [...this.waiting.values()];
    this.waiting.clear();
    this.onlost?.();
    for (const waiting of lost) waiting.reject(new Gone(t("server.gone")));
  }
}

const PATIENCE = 3000; // milliseconds for Python to answer

/** A WebSocket that is open; rejects if nothing answers there. */
export function webSocket(url: URL): Promise<Carrier> {
  url.protocol = url.protocol.replace("http", "ws");
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const late = setTimeout(() => socket.close(), PATIENCE);
    const carrier: Carrier = {
      onframe: null,
      onclose: null,
      send: (frame) => socket.send(frame),
      close: () => socket.close(),
    };
    socket.onmessage = ({ data }) => carrier.onframe?.(data as ArrayBuffer);
    socket.onopen = () => {
      clearTimeout(late);
      resolve(carrier);
    };
    socket.onclose = () => {
      clearTimeout(late);
      carrier.onclose?.();
      reject(new Gone(t("server.gone")));
    };
  });
}

/** A port of a MessageChannel, whose other end passes frames on to Python. */
export function messagePort(port: MessagePort): Carrier {
  const carrier: Carrier = {
    onframe: null,
    onclose: null,
    send: (frame) => port.postMessage(frame, [frame.buffer]),
    close: () => port.close(),
  };
  port.onmessage = ({ data }) => {
    if (data === "closed") carrier.onclose?.();
    else carrier.onframe?.(data as ArrayBuffer);
  };
  return carrier;
}
