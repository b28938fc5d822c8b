/** The refusal of a table, in Python's words. */
import { Refusal } from "../engine/engine.ts";

export class DataError extends Refusal {
  override name = "DataError";
}
