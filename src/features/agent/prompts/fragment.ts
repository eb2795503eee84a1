/** A part of a system prompt that is the same for every user and every turn. */
export interface Fragment {
  text: string;
  /** Never to be seen by a client. False for examples of what an answer may well contain word for word. */
  secret: boolean;
}

export function secret(text: string): Fragment {
  return { text, secret: true };
}

export function example(text: string): Fragment {
  return { text, secret: false };
}
