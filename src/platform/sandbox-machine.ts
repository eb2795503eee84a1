/** Runs JavaScript that nobody trusts in an interpreter of its own, which has nothing to reach anything by. */
import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import * as z from "zod";
import type { SandboxJob, SandboxResult } from "./sandbox.ts";

/** All that the code holds at once. */
const MEMORY_BYTES = 24 * 1024 * 1024;
const STACK_BYTES = 256 * 1024;
/**
 * How often the interpreter may ask whether to go on, which it does once in ten thousand loop turns and calls. Time cannot be
 * measured: the platform's clock stands still while code runs. So the same code always ends at the same place. What is slow
 * within one turn (a search through an array of 2^32 holes) is ended by the script's limit of CPU time.
 */
const CHECKS_MAX = 5_000;
/** Steps that wait for promises: each costs many times a loop turn. */
const JOBS_MAX = 100_000;
/** UTF-16 units of the value as JSON, and of what was printed. */
const RESULT_CHARS_MAX = 16_000;
const ERROR_CHARS_MAX = 500;

/**
 * What the code finds around it. It may change all of this: what comes out is data, whoever made it, and there is no function
 * of the host's in it.
 */
const PRELUDE = `(inputText, charsMax) => {
  const { parse, stringify } = JSON;
  const lines = [];
  let left = charsMax;
  const shown = (value) => (typeof value === "string" ? value : (stringify(value) ?? String(value)));
  const print = (...values) => {
    if (left <= 0) return;
    const line = values.map(shown).join(" ").slice(0, left);
    left -= line.length + 1;
    lines.push(line);
  };
  const report = (value) => {
    const text = stringify(value) ?? "";
    return stringify({ value: text.slice(0, charsMax), isCut: text.length > charsMax, printed: lines.join("\\n") });
  };
  return { input: parse(inputText), console: { log: print, info: print, warn: print, error: print }, report };
}`;

/** Escapes take up to six units for one. */
const REPORT_CHARS_MAX = 2 * 6 * RESULT_CHARS_MAX;
const Report = z.object({
  value: z.string().max(RESULT_CHARS_MAX),
  isCut: z.boolean(),
  printed: z.string().max(RESULT_CHARS_MAX),
});

/** In a machine of its own, so that no run finds anything of another. Never throws for what the code does. */
export async function runInMachine(variant: QuickJSSyncVariant, job: SandboxJob): Promise<SandboxResult> {
  const machine = await newQuickJSWASMModuleFromVariant(variant);
  const runtime = machine.newRuntime({ memoryLimitBytes: MEMORY_BYTES, maxStackSizeBytes: STACK_BYTES });
  let checks = 0;
  runtime.setInterruptHandler(() => ++checks > CHECKS_MAX);
  const result = run(runtime.newContext(), job);
  // Whatever the stopped code made of its end.
  return checks > CHECKS_MAX ? TOO_LONG : result;
}

/** The machine is thrown away afterwards, with all that is left in it. */
function run(vm: QuickJSContext, { code, input }: SandboxJob): SandboxResult {
  try {
    const prelude = vm.unwrapResult(vm.evalCode(PRELUDE, "prelude.js"));
    const given = [vm.newString(input), vm.newNumber(RESULT_CHARS_MAX)];
    const around = vm.unwrapResult(vm.callFunction(prelude, vm.undefined, given));
    const compiled = vm.evalCode(`(async (input, console) => {"use strict"; ${code}\n})`, "code.js");
    if (compiled.error) return failure(vm, compiled.error);
    const part = (name: string) => vm.getProp(around, name);
    const called = vm.callFunction(compiled.value, vm.undefined, [part("input"), part("console")]);
    if (called.error) return failure(vm, called.error);
    vm.runtime.executePendingJobs(JOBS_MAX);
    if (vm.runtime.hasPendingJob()) return TOO_LONG;
    const state = vm.getPromiseState(called.value);
    if (state.type === "rejected") return failure(vm, state.error);
    if (state.type === "pending") return NEVER;
    return reported(vm, vm.callFunction(part("report"), vm.undefined, state.value));
  } catch {
    return TOO_MUCH;
  }
}

const TOO_LONG: SandboxResult = { kind: "error", message: "The code ran too long and was stopped." };
const TOO_MUCH: SandboxResult = { kind: "error", message: "The code needs more memory than it may have." };
const NEVER: SandboxResult = {
  kind: "error",
  message: "The code waits for something that never comes: there are no timers and no network.",
};
const UNREADABLE: SandboxResult = { kind: "error", message: "The code gave nothing that can be read." };

function reported(vm: QuickJSContext, answer: ReturnType<QuickJSContext["callFunction"]>): SandboxResult {
  if (answer.error) return failure(vm, answer.error);
  const report = Report.safeParse(parseJson(boundedString(vm, answer.value, REPORT_CHARS_MAX)));
  return report.success ? { kind: "value", ...report.data } : UNREADABLE;
}

function failure(vm: QuickJSContext, error: QuickJSHandle): SandboxResult {
  if (vm.typeof(error) !== "object") {
    return {
      kind: "error",
      message: boundedString(vm, error, ERROR_CHARS_MAX) ?? "The code threw no error.",
    };
  }
  const part = (name: string) => boundedString(vm, vm.getProp(error, name), ERROR_CHARS_MAX);
  const words = [part("name"), part("message")].filter(Boolean);
  return { kind: "error", message: words.join(": ") || "The code threw no error." };
}

/** Null for what is no string, or a longer one: that is not copied out. */
function boundedString(vm: QuickJSContext, handle: QuickJSHandle, charsMax: number): string | null {
  if (vm.typeof(handle) !== "string") return null;
  return vm.getNumber(vm.getProp(handle, "length")) <= charsMax ? vm.getString(handle) : null;
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
