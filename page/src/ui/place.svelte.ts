/** Where networks train: shown by the page's frame, set by what finds the engine. */
export const place = $state<{
  engine: "browser" | "server" | null;
  /** What has become of Python while the page was open. */
  said: "server.moved" | "server.again" | null;
}>({ engine: null, said: null });
