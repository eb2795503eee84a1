/** Rules of core memory: which facts say who somebody is, and how much there may be. */
import type { MemoryItem } from "./schema.ts";

/** Spec 6: core memory goes into every turn, whole. */
export const CORE_BYTES_MAX = 4_096;

const IDENTITY =
  /^((full|first|last|family|given|middle|maiden|legal|preferred|display|nick)_?)?(name|nickname|surname)$|^(e_?mail|mail|phone|telephone|mobile)(_(address|number))?$|^(birth_?(day|date)|date_of_birth|dob|age)$|^((home|postal|street|mailing|work)_)?(address|city|country)$|^(location|residence|hometown)$|^((preferred|native|spoken|first)_)?(language|locale)$|^time_?zone$|^tz$|^(gender|pronouns|nationality|citizenship|religion|marital_status|relationship_status)$|^(employer|company|job|job_title|occupation|profession)$/;

/** A change of such a fact is asked back before it is written. */
export function isIdentity(key: string): boolean {
  return IDENTITY.test(key.replace(/^(user|my|person)_/, ""));
}

/** As they stand in a prompt. */
export function coreBytes(items: readonly Pick<MemoryItem, "body">[]): number {
  let bytes = 0;
  for (const { body } of items) {
    if (body.tier === "core") bytes += Buffer.byteLength(`${JSON.stringify({ [body.key]: body.value })}\n`);
  }
  return bytes;
}
