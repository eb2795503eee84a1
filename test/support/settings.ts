import { env } from "cloudflare:workers";

/** Runs this file's Worker with other settings. To be called before anything reads them: at the top of the file. */
export function useSettings(settings: Record<string, string>): void {
  Object.assign(env, settings);
}
