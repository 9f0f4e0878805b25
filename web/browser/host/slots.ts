// Fills the markup that the page brought: `data-f` slots get text, `data-if` parts are shown or hidden.
// Only `textContent` and attributes are set, so nothing that people wrote can become markup.

import { say } from "./words";

export type Values = Record<string, string | number>;

export function clone(name: string): HTMLElement {
  const template = document.getElementById(name) as HTMLTemplateElement;
  const copy = template.content.firstElementChild?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) throw new Error(`template ${name} is empty`);
  return copy;
}

/** Set every slot that is named in `values`; slots of lists inside are left to their own. */
export function fill(root: HTMLElement, values: Values): void {
  for (const [name, value] of Object.entries(values)) {
    for (const slot of root.querySelectorAll<HTMLElement>(`[data-f="${name}"]`)) {
      if (slot.closest("[data-list]") && !root.closest("[data-list]")) continue;
      const text = String(value);
      if (slot instanceof HTMLInputElement) slot.value = text;
      else if (slot instanceof HTMLMeterElement) slot.value = Number(value);
      else if (slot.textContent !== text) slot.textContent = text;
    }
  }
}

export function show(root: HTMLElement, part: string, on: boolean): void {
  for (const found of root.querySelectorAll<HTMLElement>(`[data-if="${part}"]`)) found.hidden = !on;
}

export function list(root: HTMLElement, name: string, rows: HTMLElement[]): void {
  root.querySelector(`[data-list="${name}"]`)?.replaceChildren(...rows);
}

/** A badge: a state as a word, coloured by its class. */
export function badge(root: HTMLElement, slot: string, state: string, word: string): void {
  const found = root.querySelector<HTMLElement>(`[data-f="${slot}"]`);
  if (!found) return;
  found.className = `badge ${state}`;
  found.textContent = word;
  found.hidden = !word;
}

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short", numeric: "auto" });
const exact = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });

/** Every time of the page as "3 min ago", in the reader's language, with the exact time on hover. */
export function ages(root: ParentNode, now: number = Date.now()): void {
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[data-at]")) {
    const at = Number(time.dataset["at"]);
    if (!at) continue;
    const seconds = Math.max(0, (now - at) / 1000);
    const found = units.find(([, size]) => seconds >= size);
    time.textContent = found ? relative.format(-Math.floor(seconds / found[1]), found[0]) : say("just_now");
    time.title = exact.format(at);
  }
}

/** When something ends: the time today, else with its day. */
export function until(ms: number): string {
  const sameDay = new Date(ms).toDateString() === new Date().toDateString();
  return sameDay ? new Date(ms).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" }) : exact.format(ms);
}

export function stamp(root: HTMLElement, at: number): void {
  const time = root.querySelector<HTMLTimeElement>("time[data-at]");
  if (!time) return;
  time.dataset["at"] = String(at);
  time.dateTime = new Date(at).toISOString();
}
