/** The script that runs code which models write. It is bound to nothing, so that there is nothing to break out to. */
import { WorkerEntrypoint } from "cloudflare:workers";
import quickJs from "@jitl/quickjs-wasmfile-release-sync";
import machine from "@jitl/quickjs-wasmfile-release-sync/wasm";
import { newVariant } from "quickjs-emscripten-core";
import type { SandboxJob, SandboxResult, SandboxRunner } from "./platform/sandbox.ts";
import { runInMachine } from "./platform/sandbox-machine.ts";

const variant = newVariant(quickJs, { wasmModule: machine });

export default class Sandbox extends WorkerEntrypoint implements SandboxRunner {
  run(job: SandboxJob): Promise<SandboxResult> {
    return runInMachine(variant, job);
  }
}
