/** Rules of core memory: which facts say who somebody is, and how much there may be. */
import type { CoreEntry, MemoryItem } from "./schema.ts";

/** Spec 6: core memory goes into every turn, whole. */
export const CORE_BYTES_MAX = 4_096;

const IDENTITY =
  /^((full|first|last|family|given|middle|maiden|legal|preferred|display)_?)?name$|^surname$|^nickname$|^(e_?mail|mail|phone|telephone|mobile)(_(address|number))?$|^(birth_?day|age|birthplace)$|^((home|postal|street|mailing|work)_)?(address|city|country)$|^((native|spoken|first)_)?(language|locale)$|^timezone$|^(gender|pronouns|nationality|citizenship|religion|marital_status|relationship_status)$|^(employer|job)$/;

const OWNER = /^(user|users|my|person|persons)_/;

/** What one thing is called: the first name is the one that it is kept by. */
const NAMES: readonly (readonly [string, RegExp])[] = [
  ["name", /^full_name$/],
  ["nickname", /^nick(_name)?$|^(preferred|goes_by|called)(_me|_name)?$|^(short|pet)_name$/],
  ["email", /^(e_)?mail(_address)?$|^email_address$/],
  ["phone", /^(tele)?phone(_number)?$|^(mobile|cell)(_?phone)?(_number)?$/],
  ["birthday", /^birth_?date$|^birth_day$|^date_of_birth$|^dob$|^born(_on)?$/],
  ["birthplace", /^(place_of_birth|birth_(place|city|town)|born_in)$/],
  [
    "city",
    /^((home|current)_?)?(city|location|town)$|^(city|town|place)_of_residence$|^residence$|^home$|^(lives?|living|resides?|based|located)(_(in|at))?$/,
  ],
  ["country", /^((home|current)_)?country$|^country_of_residence$/],
  ["address", /^((home|postal|street)_)address$/],
  [
    "language",
    /^(preferred|response|reply|answer|ui|interface|chat|conversation)_language$|^language_preference$|^speaks$/,
  ],
  ["native_language", /^(mother_tongue|native_tongue|first_language)$/],
  ["timezone", /^time_?zone$|^tz$/],
  [
    "employer",
    /^(company|workplace|organi[sz]ation|works?|work(s|ing)?_(at|for)|employed_(at|by)|place_of_work|current_employer)$/,
  ],
  ["job", /^job_title$|^(occupation|profession|role|position|(work|job)_(role|position)|works_as)$/],
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

/** Whether there is room for a fact in place of what is known by its key. What needs no more room than that always fits. */
export function hasRoomFor(core: readonly Pick<MemoryItem, "body">[], entry: CoreEntry): boolean {
  const others = core.filter(({ body }) => body.tier !== "core" || body.key !== entry.key);
  const bytes = coreBytes([...others, { body: { tier: "core", ...entry } }]);
  return bytes <= CORE_BYTES_MAX || bytes <= coreBytes(core);
}
