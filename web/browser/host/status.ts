// The head of the desk: whether the broadcast is open and how many watch.

import type { Model } from "./model";
import { say } from "./words";

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
}
