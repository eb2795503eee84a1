import manifest from "../../package.json" with { type: "json" };
import { DeviceClient, type DeviceClientOptions } from "../client.ts";
import type { Session } from "../session.ts";
import { embedBy, indexNotesPatiently } from "./note-index.ts";
import type { SqliteStore } from "./store.ts";

export interface NodeDeviceOptions
  extends Pick<DeviceClientOptions, "url" | "deviceId" | "hosted" | "times"> {
  session: Session;
  store: SqliteStore;
  /** Destructive actions are not asked about. */
  autoApprove?: boolean;
  /** Charts and tables as blocks instead of inline tags. */
  blocks?: boolean;
}

export interface NodeDevice {
  client: DeviceClient;
  /** How many notes were given a vector after the last welcome. Rejects when the service could not embed them. */
  indexed(): Promise<number>;
  stop(): Promise<void>;
}

/** A device that serves a SQLite file until it is stopped; indexes notes after each welcome. */
export function startNodeDevice(options: NodeDeviceOptions): NodeDevice {
  const { session, store, url, deviceId, hosted, times } = options;
  const stopping = new AbortController();
  const indexing = Promise.withResolvers<number>();
  let indexed = indexing.promise;
  const client = new DeviceClient({
    url,
    deviceId,
    credentials: session,
    store,
    ...(hosted === undefined ? {} : { hosted }),
    ...(times === undefined ? {} : { times }),
    capabilities: { blocks: options.blocks ?? false, auto_approve: options.autoApprove ?? false },
    app: aboutThisApp(),
  });
  client.on("welcome", ({ embedder }) => {
    store.useEmbedder(embedder.id);
    indexed = indexNotesPatiently(store, embedBy(session), stopping.signal);
    indexed.then(indexing.resolve, indexing.reject);
    indexed.catch(() => {});
  });
  indexing.promise.catch(() => {});
  client.connect();
  return {
    client,
    indexed: () => indexed,
    stop: async () => {
      stopping.abort();
      await client.close();
      store.close();
    },
  };
}

export function aboutThisApp() {
  const { timeZone, locale } = Intl.DateTimeFormat().resolvedOptions();
  return { name: "adjutant-device", version: manifest.version, timezone: timeZone, locale };
}
