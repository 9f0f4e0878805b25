// What the page says to its island: the broadcast, the words, the campaigns. Read once.

import type { CampaignView, Refusal, Stage, TextKey } from "../wire";
import { find } from "../page/pieces";

export interface Words {
  zh: string;
  en: string;
}

/** What one person sees of themselves in a travel campaign (campaigns/travel/shown.py, `mine`). */
export interface Mine {
  team?: string;
  trips?: Trip[];
}

export interface Trip {
  id: string;
  date: string;
  mode: string;
  km: number;
  co2e_low: number;
  co2e_high: number;
  status: "counted" | "review" | "rejected" | "withdrawn";
  reasons: Words[];
}

interface PageData {
  code: string;
  language: "zh" | "en";
  status: string;
  stage: Stage;
  texts: Record<TextKey, string>;
  campaigns: CampaignView[];
  mine: Record<string, Mine>;
  modes: Record<string, Words>;
  refusals: Record<string, string>;
}

export const page = JSON.parse(find("#page-data").textContent ?? "{}") as PageData;

export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return page.texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Why something was not done, in the reader's words; a module's own sentence where it is known. */
export function refusalText(refusal: Refusal): string {
  const known = refusal.message ? page.refusals[refusal.message] : undefined;
  if (known) return known;
  const seconds = refusal.retry_after ?? 1;
  const why = / UTC: (.*)$/s.exec(refusal.message ?? "")?.[1];
  const until = Date.parse((refusal.limit ?? "").replace(" UTC", "Z").replace(" ", "T")) || Date.now() + seconds * 1000;
  const text = t(refusalKey(refusal), { n: Math.ceil(seconds), time: moment(until) });
  return why ? `${text} “${why}”` : text;
}

/** Which of our sentences says why a comment was not taken; `why_not` in web/texts.py says the same. */
export function refusalKey(refusal: Refusal): TextKey {
  const empty = refusal.code === "invalid" && !refusal.limit?.startsWith("<=");
  if (empty && refusal.field === "text") return "compose.empty";
  if (empty && refusal.field === "nick") return "compose.nick";
  return refusal.code === "rate" && refusal.field === "slow" ? "refusal.slowed" : `refusal.${refusal.code}`;
}

function moment(ms: number): string {
  return new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(ms);
}

/** Log ids ("1763845212345-0") in the order of the log. */
export function before(a: string, b: string): number {
  const [at = 0, an = 0] = a.split("-").map(Number);
  const [bt = 0, bn = 0] = b.split("-").map(Number);
  return at - bt || an - bn;
}
