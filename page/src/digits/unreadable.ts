/** Why there is no answer: the key of the words, and what goes into them. */
export interface Reason {
  key: string;
  values?: Record<string, string | number>;
}

/** A picture in which no digit can be looked for. */
export class Unreadable extends Error {
  override name = "Unreadable";
  constructor(readonly reason: Reason) {
    super(reason.key);
  }
}
