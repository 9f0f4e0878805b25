// Held comments chosen to be decided together: by their checkboxes, by "V", or all at once.

import { say } from "./words";

const items = document.getElementById("items") as HTMLElement;
const bar = document.getElementById("bulk") as HTMLFormElement;
const said = document.getElementById("picked") as HTMLElement;
const all = document.getElementById("pick-all") as HTMLButtonElement;

export class Picked {
  private wanted = false;

  constructor() {
    all.hidden = false;
    items.addEventListener("change", () => this.tell(this.wanted));
    all.addEventListener("click", () => {
      const on = this.boxes().some((box) => !box.checked);
      for (const box of this.boxes()) box.checked = on;
      this.tell(this.wanted);
    });
  }

  /** Choose the comment, or not any more; true if it can be chosen. */
  toggle(id: string): boolean {
    const box = this.boxes().find((one) => one.closest("li")?.dataset["id"] === id);
    if (!box) return false;
    box.checked = !box.checked;
    this.tell(this.wanted);
    return true;
  }

  /** [comment, turn] of what is chosen, and none is afterwards. */
  taken(): [string, string][] {
    const chosen = this.boxes().filter((box) => box.checked);
    for (const box of chosen) box.checked = false;
    this.tell(this.wanted);
    return chosen.map((box) => {
      const [comment = "", turn = ""] = box.value.split(" ");
      return [comment, turn];
    });
  }

  tell(wanted: boolean): void {
    this.wanted = wanted;
    const count = this.boxes().filter((box) => box.checked).length;
    bar.hidden = !wanted;
    said.textContent = count ? say("chosen", { count }) : "";
    for (const button of bar.querySelectorAll<HTMLButtonElement>("button[name]")) button.hidden = count === 0;
  }

  private boxes(): HTMLInputElement[] {
    return [...items.querySelectorAll<HTMLInputElement>(".pick")].filter((box) => !box.hidden);
  }
}
