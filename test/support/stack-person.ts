/** People on a running stack: real accounts and sockets, SQLite files, and each turn watched frame by frame. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { vi } from "vitest";
import { z } from "zod";
import { DeviceClient, ServiceProblem, Session, type Turn } from "../../device/index.ts";
import { tasks } from "../../device/node/tables.ts";
import type { DeviceStore } from "../../device/store.ts";
import { ChatPage, type Message, MessagePage } from "../../src/features/chat/schema.ts";
import { type Memory, MemoryPage } from "../../src/features/memory/schema.ts";
import { newId } from "../../src/lib/ids.ts";
import { GatedStore } from "./gated-store.ts";
import { TurnWatch } from "./turn-watch.ts";

/** Comes back soon, so that a test waits for the stack alone. */
const TIMES = { firstMs: 50, maxMs: 200 };
const RATE_LIMIT_POLL_MS = 1000;
const WAIT = { timeout: 60_000, interval: 20 };
const TURN_FRAMES = [
  "floating_domain",
  "stream_start",
  "stream_text",
  "stream_status",
  "stream_block",
  "stream_reset",
  "approval_request",
  "stream_end",
] as const;

export interface WatchedTurn {
  turn: Turn;
  /** Every frame as the SDK passes it on. */
  watch: TurnWatch;
  /** What a client that follows the turn's events shows at its end. */
  shown: Promise<string>;
}

/** Somebody with an account and a connection: without a store a viewer. */
export class StackUser {
  readonly email: string;
  /** In every message of this user: tells their model requests from others'. */
  readonly word = newId();
  readonly client: DeviceClient;
  readonly #url: string;
  readonly #session: Session;
  readonly #watches = new Map<string, TurnWatch>();

  /** Registers a new viewer and connects. */
  static async arrive({ apiUrl }: { apiUrl: string }): Promise<StackUser> {
    const user = new StackUser(apiUrl, await register(apiUrl));
    await user.client.online();
    return user;
  }

  protected constructor(url: string, { email, session }: Account, store?: DeviceStore) {
    this.email = email;
    this.#url = url;
    this.#session = session;
    this.client = new DeviceClient({
      url,
      deviceId: newId(),
      credentials: session,
      times: TIMES,
      ...(store ? { store } : {}),
    });
    for (const type of TURN_FRAMES) {
      this.client.on(type, (frame) => this.#watches.get(frame.request_id)?.take(frame));
    }
    this.client.connect();
  }

  ask(message: string): WatchedTurn {
    const requestId = newId();
    const watch = new TurnWatch(requestId);
    this.#watches.set(requestId, watch);
    const turn = this.client.ask({ requestId, message: `${message} ${this.word}` });
    const shown = textShown(turn);
    // A test that failed before the end waits for neither.
    shown.catch(() => {});
    return { turn, watch, shown };
  }

  /** Asks over REST; with a key, the same one asks for the same turn. */
  async askByRest(message: string, key: string): Promise<Response> {
    return fetch(`${this.#url}/api/v1/chat`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await tokenOf(this.#session)}`,
        "content-type": "application/json",
        "idempotency-key": key,
      },
      body: JSON.stringify({ message: `${message} ${this.word}` }),
    });
  }

  /** Ids of the chats in Postgres. */
  async chats(): Promise<string[]> {
    const page = ChatPage.parse(await this.#session.request("/chats", { method: "GET" }));
    return page.data.map(({ id }) => id);
  }

  /** Of a chat, from Postgres, oldest first. */
  async messages(chatId: string): Promise<Message[]> {
    const page = await this.#session.request(`/chats/${chatId}/messages`, { method: "GET" });
    return MessagePage.parse(page).data;
  }

  /** What is remembered of this user, as the API tells it. */
  async remembered(): Promise<Memory[]> {
    return MemoryPage.parse(await this.#session.request("/memory", { method: "GET" })).data;
  }

  /** Forgets one item, or everything. */
  async forget(item?: Pick<Memory, "tier" | "key" | "id">): Promise<void> {
    const path = item ? `/memory/${item.tier}/${item.key ?? item.id}` : "/memory";
    await this.#session.request(path, { method: "DELETE" });
  }

  leave(): Promise<void> {
    return this.client.close();
  }
}

/** A user whose device is part of the test's own process. */
export class StackPerson extends StackUser {
  readonly store: GatedStore;
  readonly file: TasksFile;

  /** Registers somebody new and connects their device; `folder` keeps its file. */
  static override async arrive(place: { apiUrl: string; folder: string }): Promise<StackPerson> {
    const path = join(place.folder, `${newId()}.sqlite`);
    const person = new StackPerson(place.apiUrl, await register(place.apiUrl), path);
    await person.client.online();
    return person;
  }

  private constructor(url: string, account: Account, path: string) {
    const store = new GatedStore(path);
    super(url, account, store);
    this.store = store;
    this.file = new TasksFile(path);
  }

  /** Puts a task into the file as if it had always been there, and gives its id. */
  ownTask(title: string): string {
    const id = newId();
    const [createdAt, updatedAt] = [Date.now(), Date.now()];
    this.store.sqlite.db.insert(tasks).values({ id, title, createdAt, updatedAt }).run();
    return id;
  }

  override async leave(): Promise<void> {
    this.store.release();
    await super.leave();
    this.store.sqlite.close();
    this.file.close();
  }
}

/** A device's file, read past the device by a connection of its own. */
export class TasksFile {
  readonly #file: DatabaseSync;

  constructor(path: string) {
    this.#file = new DatabaseSync(path, { readOnly: true });
  }

  titles(): string[] {
    return this.#texts("SELECT title AS value FROM tasks ORDER BY title");
  }

  /** The states of the journal's entries: results that the hub has not acknowledged, and tombstones. */
  journal(): string[] {
    return this.#texts("SELECT state AS value FROM journal ORDER BY position");
  }

  /** Entries ever written to the journal, those that were acknowledged and dropped included. */
  journaledEver(): number {
    return Number(
      this.#texts("SELECT CAST(seq AS TEXT) AS value FROM sqlite_sequence WHERE name = 'journal'")[0] ?? 0,
    );
  }

  close(): void {
    this.#file.close();
  }

  #texts(query: string): string[] {
    return this.#file
      .prepare(query)
      .all()
      .map((row) => z.object({ value: z.string() }).parse(row).value);
  }
}

interface Account {
  email: string;
  session: Session;
}

/** Makes an account that nobody else has. Waits its turn: an address may register so many people a minute. */
async function register(url: string): Promise<Account> {
  const email = `${newId()}@example.com`;
  for (;;) {
    try {
      return { email, session: await Session.login({ url, email, password: PASSWORD, register: true }) };
    } catch (cause) {
      if (!(cause instanceof ServiceProblem) || cause.code !== "rate_limited") throw cause;
      await delay(RATE_LIMIT_POLL_MS);
    }
  }
}

export const PASSWORD = "correct horse battery staple";

async function tokenOf(session: Session): Promise<string> {
  const credential = await session.credential({ rejected: false });
  if ("ticket" in credential) throw new Error("a session has tokens");
  return credential.token;
}

/** Waits for a condition; the failure says what did not come. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(condition, WAIT).catch((cause: unknown) => {
    throw new Error(`${what} did not come`, { cause });
  });
}

async function textShown(turn: Turn): Promise<string> {
  let text = "";
  for await (const event of turn) {
    if (event.type === "text") text += event.text;
    if (event.type === "reset") text = event.text;
  }
  return text;
}
