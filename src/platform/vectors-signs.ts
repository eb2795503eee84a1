/** The signs of a vector: what is near has most of them in common, and they are a sixteenth of its size. */
import { Rotation } from "./rotation.ts";

/** Where a bit stands tells nothing that the vector beside it does not: the rotation needs no secret. */
const ROTATION_KEY = new Uint8Array(20);

const rotations = new Map<number, Rotation>();

/** A bit for each component of the rotated vector, as Postgres writes `bit varying`. */
export function signsOf(vector: ArrayLike<number>): string {
  const rotation = rotations.get(vector.length) ?? new Rotation(vector.length, ROTATION_KEY);
  rotations.set(vector.length, rotation);
  return Array.from(rotation.turn(vector), (value) => (value > 0 ? "1" : "0")).join("");
}
