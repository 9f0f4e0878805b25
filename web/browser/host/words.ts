// The words of the page, in the reader's language, and the source cards: what the template put beside the markup.

import type { Note, Refusal } from "../wire";

interface Words {
  badge: Record<string, string>;
  reason: Record<string, string>;
  rule: Record<string, string>;
  kind: Record<string, string>;
  score: Record<string, string>;
  why: Record<string, string>;
  effect: Record<string, string>;
  fare: Record<string, string>;
  lane: Record<string, string>;
  order: Record<string, string>;
  empty: Record<string, string>;
  say: Record<string, string>;
}

function read<T>(id: string): T {
  return JSON.parse(document.getElementById(id)?.textContent ?? "{}") as T;
}

export const words = read<Words>("words");
export const cards = read<Record<string, Note>>("claims");
export const chinese = document.documentElement.lang.startsWith("zh");

export function say(name: string, values: Record<string, string | number> = {}): string {
  return Object.entries(values).reduce(
    (text, [key, value]) => text.replace(`%(${key})s`, String(value)),
    words.say[name] ?? name,
  );
}

/** "host:Mei" as "Mei (host)", in the reader's language. */
export function actor(by: string): string {
  const [role = "", ...name] = by.split(":");
  const said = words.say[role] ?? role;
  return name.length ? `${name.join(":")} (${said})` : said;
}

/** Why something was not done; who was first where two decided. */
export function refusalText(refusal: Refusal): string {
  if (refusal.code !== "conflict" || refusal.field !== "turn") return refusal.message ?? refusal.code;
  return refusal.limit ? say("first", { who: actor(refusal.limit) }) : say("since");
}
