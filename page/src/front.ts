/**
 * The widget of a notebook, `net.play()`: the page in a frame, whose files and frames of messages come from Python through
 * the widget's own channel. It needs no port and no address. app/play/widget.py is the other end.
 *
 *     the frame ◄─ MessageChannel ─► here ◄─ custom messages of the widget ─► Python
 */
interface Content {
  kind: "file" | "frame" | "refused";
  name?: string;
  page?: string;
}

interface Model {
  get(name: string): unknown;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(name: "msg:custom", heard: (content: Content, buffers: DataView[]) => void): void;
  off(name: "msg:custom", heard: (content: Content, buffers: DataView[]) => void): void;
}

/** What the frame's window is given before the page begins. */
interface Frame extends Window {
  layerwiseChannel: MessagePort;
  layerwiseFiles(name: string): Promise<Uint8Array>;
  layerwiseAddress(name: string): string;
}

const HTML =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">' +
  '<meta name="referrer" content="no-referrer"><title>layerwise</title></head><body><div id="app"></div></body></html>';

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const page = crypto.randomUUID();
  const waiting = new Map<string, { resolve(file: Uint8Array): void; reject(error: Error): void }>();
  const { port1, port2 } = new MessageChannel();
  const urls: string[] = [];

  const url = (content: BlobPart, type: string) => {
    urls.push(URL.createObjectURL(new Blob([content], { type })));
    return urls[urls.length - 1];
  };
  const file = (name: string) =>
    new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
      waiting.set(name, { resolve: resolve as (file: Uint8Array) => void, reject });
      model.send({ kind: "file", page, name });
    });
  const heard = (content: Content, buffers: DataView[]) => {
    if (content.page !== page) return;
    const bytes = buffers[0] && new Uint8Array(buffers[0].buffer as ArrayBuffer, buffers[0].byteOffset, buffers[0].byteLength).slice();
    if (content.kind === "frame") {
      port1.postMessage(bytes.buffer, [bytes.buffer]);
      model.send({ kind: "read", page });
      return;
    }
    const asked = waiting.get(content.name!);
    waiting.delete(content.name!);
    if (content.kind === "file") asked?.resolve(bytes);
    else asked?.reject(new Error(`${content.name}: there is no such file`));
  };
  model.on("msg:custom", heard);
  port1.onmessage = ({ data }: MessageEvent<Uint8Array<ArrayBuffer>>) =>
    model.send({ kind: "frame", page }, undefined, [data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)]);

  const frame = document.createElement("iframe");
  frame.title = "layerwise";
  frame.style.cssText = `width: 100%; height: ${Number(model.get("height")) || 760}px; border: 1px solid #8886; border-radius: 6px;`;
  frame.src = url(HTML, "text/html");
  frame.onload = async () => {
    const inside = frame.contentWindow as unknown as Frame;
    const names = model.get("workers") as string[];
    const [script, style, ...workers] = await Promise.all(["widget.js", "widget.css", ...names].map(file));
    const addresses = new Map(names.map((name, i) => [name, url(workers[i], "text/javascript")]));
    inside.layerwiseChannel = port2;
    inside.layerwiseFiles = file;
    inside.layerwiseAddress = (name) => addresses.get(name) ?? name;
    const { document } = inside;
    const look = document.createElement("style");
    look.textContent = new TextDecoder().decode(style);
    const program = document.createElement("script");
    program.type = "module";
    program.src = url(script, "text/javascript");
    document.head.append(look, program);
  };
  el.append(frame);
  return () => {
    model.off("msg:custom", heard);
    model.send({ kind: "close", page });
    port1.close();
    for (const one of urls) URL.revokeObjectURL(one);
  };
}

export default { render };
