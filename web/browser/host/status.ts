// The head of the desk: whether the broadcast is open, how many watch, and a banner while the checks fare badly.

import type { Model } from "./model";
import { say, words } from "./words";

export function tellStatus(model: Model): void {
  const people = document.getElementById("people");
  const number = people?.querySelector("b");
  if (people && number && model.people !== null) {
    people.hidden = false;
    number.textContent = String(model.people);
  }
  const status = document.getElementById("status");
  const word = status?.querySelector("span");
  if (status && word && model.status) {
    status.className = `badge ${model.status === "open" ? "open" : ""}`;
    word.textContent = say(model.status);
  }

  const banner = document.getElementById("moderation-state");
  const text = banner?.querySelector("span");
  const fares = (words.fare[model.moderation] ?? "").replace("%(count)s", String(model.counts().held));
  if (!banner || !text) return;
  banner.hidden = !fares;
  if (text.textContent !== fares) text.textContent = fares;
}
