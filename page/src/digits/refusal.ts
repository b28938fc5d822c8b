/** Why a picture gets no answer: what it looks like, and what to do. As `layerwise.handwriting.refusal` has it. */

import type { Ink } from "./ink";
import { MOST } from "./parting";
import { largest } from "./parts";
import { type Plane, quantile, reduce } from "./pixels";
import type { Digit } from "./reading";
import type { Reason } from "./unreadable";

const LIKELY = 0.5;
const RESTLESS = 12.0;
const MIDDLING = 0.3;

/** Why a picture as a whole is no writing; null if it may be. */
export function ofPicture(grey: Plane, ink: Ink | null): Reason | null {
  if (!ink || largest(ink.parts) > MOST) return { key: "digits.refused.marks", values: { most: MOST } };
  return middling(grey) > MIDDLING ? { key: "digits.refused.photo" } : null;
}

/** Why these digits of a picture are refused. */
export function ofDigits(digits: Digit[], refused: Digit[], least: number): Reason {
  if (digits.length === 1) {
    const { guess, confidence } = digits[0];
    if (confidence >= LIKELY && confidence < least) {
      return { key: "digits.refused.unsure", values: { guess, confidence: share(confidence, 1), least: share(least, 1) } };
    }
    return { key: "digits.refused.nothing", values: { guess, confidence: share(confidence, 0) } };
  }
  const where = refused.slice(0, 3).map(({ place }) => `${place[0]},${place[1]}`);
  const more = refused.length > 3 ? "more" : "these";
  const key = `digits.refused.${refused.length === 1 ? "one" : `several.${more}`}`;
  return { key, values: { count: digits.length, refused: refused.length, where: where.join(", ") } };
}

/** Why there is no ink: the paper may be no paper. */
export function ofBlank(grey: Plane, reason: Reason): Reason {
  const { values } = reduce(grey, 256);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return reason.key === "digits.refused.blank" && Math.sqrt(variance) > RESTLESS ? { key: "digits.refused.noise" } : reason;
}

/** The share of pixels in the middle half of the range from dark to light. */
function middling(grey: Plane): number {
  const { values } = reduce(grey, 96);
  const [dark, light] = [quantile(values, 0.01), quantile(values, 0.99)];
  const middle = (dark + light) / 2;
  return values.reduce((count, value) => count + Number(Math.abs(value - middle) < (light - dark) / 4), 0) / values.length;
}

/** A share as a percentage with so many places, rounded half to even, as Python writes it. */
function share(part: number, places: number): string {
  const percent = part * 100;
  const scaled = percent * 10 ** places;
  const isHalf = scaled - Math.floor(scaled) === 0.5 && Math.floor(scaled) % 2 === 0;
  return `${isHalf ? (Math.floor(scaled) / 10 ** places).toFixed(places) : percent.toFixed(places)}%`;
}
