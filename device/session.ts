import * as z from "zod";

/** What a socket is opened with. */
export type Credential = { token: string; expiresAtMs?: number } | { ticket: string };

/** Where credentials come from. Asked before every connection, and before the present token expires. */
export interface CredentialSource {
  /**
   * `rejected`: the hub did not accept the last one, so another is needed. Throws `SignedOut` when there is none to be
   * had without the person; any other error is taken for a passing failure and tried again later.
   */
  credential(options: { rejected: boolean }): Promise<Credential>;
}

/** The person has to sign in again. */
export class SignedOut extends Error {
  override readonly name = "SignedOut";
}

/** The service answered a request with a problem document. */
export class ServiceProblem extends Error {
  override readonly name = "ServiceProblem";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresAtMs: number;
}

const TokensAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  expires_at: z.union([z.iso.datetime({ offset: true }), z.number()]),
});

const Problem = z.object({ code: z.string(), title: z.string().optional(), detail: z.string().optional() });

/** A token is renewed this long before it expires, so that no request sets out with one that dies on the way. */
const RENEW_BEFORE_MS = 60_000;

export interface SessionOptions {
  /** The service's address, without a path. */
  url: string;
  tokens: Tokens;
  /** Called with every new pair before it is used: the old refresh token is spent by then. */
  onTokens?: (tokens: Tokens) => void | Promise<void>;
  fetch?: typeof fetch;
  now?: () => number;
}

/** A signed-in person: keeps the access token fresh and makes authorised requests. */
export class Session implements CredentialSource {
  readonly #url: string;
  readonly #onTokens: (tokens: Tokens) => void | Promise<void>;
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  #tokens: Tokens;
  #refreshing: Promise<Tokens> | null = null;

  constructor(options: SessionOptions) {
    this.#url = serviceUrl(options.url);
    this.#tokens = options.tokens;
    this.#onTokens = options.onTokens ?? (() => {});
    this.#fetch = options.fetch ?? ((...request) => fetch(...request));
    this.#now = options.now ?? Date.now;
  }

  static async login(options: Omit<SessionOptions, "tokens"> & Login): Promise<Session> {
    const path = options.register ? "/auth/register" : "/auth/login";
    const tokens = await requestTokens(options.fetch ?? fetch, serviceUrl(options.url) + path, {
      email: options.email,
      password: options.password,
    });
    await options.onTokens?.(tokens);
    return new Session({ ...options, tokens });
  }

  async credential({ rejected }: { rejected: boolean }): Promise<Credential> {
    const tokens = rejected ? await this.#refresh() : await this.#current();
    return { token: tokens.accessToken, expiresAtMs: tokens.expiresAtMs };
  }

  /** An authorised request to the API, such as `/storage/vectors/embed`. Throws `ServiceProblem` on an error status. */
  async request(
    path: string,
    init: { method: string; body?: unknown; signal?: AbortSignal },
  ): Promise<unknown> {
    const answer = await this.#authorised(await this.#current(), path, init);
    if (answer.status !== 401) return readAnswer(answer);
    return readAnswer(await this.#authorised(await this.#refresh(), path, init));
  }

  #authorised(
    tokens: Tokens,
    path: string,
    init: { method: string; body?: unknown; signal?: AbortSignal },
  ): Promise<Response> {
    return this.#fetch(this.#url + path, {
      method: init.method,
      headers: { authorization: `Bearer ${tokens.accessToken}`, "content-type": "application/json" },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      ...(init.signal === undefined ? {} : { signal: init.signal }),
    });
  }

  async #current(): Promise<Tokens> {
    if (this.#tokens.expiresAtMs - this.#now() > RENEW_BEFORE_MS) return this.#tokens;
    return this.#refresh();
  }

  /** One at a time: a refresh token used twice ends the session. */
  #refresh(): Promise<Tokens> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #exchange(): Promise<Tokens> {
    try {
      const body = { refresh_token: this.#tokens.refreshToken };
      this.#tokens = await requestTokens(this.#fetch, `${this.#url}/auth/refresh`, body);
    } catch (cause) {
      if (!(cause instanceof ServiceProblem) || (cause.status !== 401 && cause.status !== 403)) throw cause;
      throw new SignedOut(cause.message, { cause });
    }
    await this.#onTokens(this.#tokens);
    return this.#tokens;
  }
}

export interface Login {
  email: string;
  password: string;
  /** Makes the account instead of signing in to it. */
  register?: boolean;
}

function serviceUrl(url: string): string {
  return `${url.replace(/\/+$/, "")}/api/v1`;
}

async function requestTokens(send: typeof fetch, url: string, body: unknown): Promise<Tokens> {
  const answer = await send(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const tokens = TokensAnswer.parse(await readAnswer(answer));
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresAtMs: new Date(tokens.expires_at).getTime(),
  };
}

async function readAnswer(answer: Response): Promise<unknown> {
  if (answer.status === 204) return undefined;
  if (answer.ok) return answer.json();
  const problem = Problem.safeParse(await answer.json().catch(() => null));
  if (!problem.success) {
    throw new ServiceProblem(answer.status, "unexpected", `The service answered ${answer.status}.`);
  }
  const { code, title, detail } = problem.data;
  throw new ServiceProblem(answer.status, code, detail ?? title ?? code);
}
