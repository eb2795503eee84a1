/** Rules of core memory: which facts say who somebody is, and how much there may be. */
import type { MemoryItem } from "./schema.ts";

/** Spec 6: core memory goes into every turn, whole. */
export const CORE_BYTES_MAX = 4_096;

const IDENTITY =
  /^((full|first|last|family|given|middle|maiden|legal|preferred|display|nick)_?)?(name|nickname|surname)$|^(e_?mail|mail|phone|telephone|mobile)(_(address|number))?$|^(birth_?(day|date)|date_of_birth|dob|age)$|^((home|postal|street|mailing|work)_)?(address|city|country)$|^(location|residence|hometown)$|^((preferred|native|spoken|first)_)?(language|locale)$|^time_?zone$|^tz$|^(gender|pronouns|nationality|citizenship|religion|marital_status|relationship_status)$|^(employer|company|job|job_title|occupation|profession)$/;

const OWNER = /^(user|users|my|person|persons)_/;

/** What one thing is called: the first name is the one that it is kept by. */
const NAMES: readonly (readonly [string, RegExp])[] = [
  ["name", /^full_name$/],
  ["email", /^(e_)?mail(_address)?$|^email_address$/],
  ["phone", /^(tele)?phone(_number)?$|^(mobile|cell)(_phone)?(_number)?$/],
  ["birthday", /^birth_?date$|^birth_day$|^date_of_birth$|^dob$/],
  ["city", /^((home|current)_)?(city|location|town)$|^(place_of_)?residence$|^lives_in$/],
  ["address", /^((home|postal|street)_)address$/],
  ["language", /^preferred_language$/],
  ["timezone", /^time_?zone$|^tz$/],
  ["employer", /^company$|^workplace$/],
  ["job", /^job_title$|^occupation$|^profession$/],
];

/** A change of such a fact is asked back before it is written. */
export function isIdentity(key: string): boolean {
  return IDENTITY.test(plainKey(key));
}

/** The name under which a turn keeps a fact: that of the fact which is known of the same thing, if there is one. */
export function keptKey(key: string, core: readonly Pick<MemoryItem, "body">[]): string {
  const plain = plainKey(key);
  for (const { body } of core) if (body.tier === "core" && body.key === key) return key;
  for (const { body } of core) if (body.tier === "core" && plainKey(body.key) === plain) return body.key;
  return plain;
}

export function plainKey(key: string): string {
  const bare = key.replace(OWNER, "");
  return NAMES.find(([, others]) => others.test(bare))?.[0] ?? bare;
}

/** As they stand in a prompt. */
export function coreBytes(items: readonly Pick<MemoryItem, "body">[]): number {
  let bytes = 0;
  for (const { body } of items) {
    if (body.tier === "core") bytes += Buffer.byteLength(`${JSON.stringify({ [body.key]: body.value })}\n`);
  }
  return bytes;
}
