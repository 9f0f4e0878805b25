// The corner that offers undo for ten seconds after each decision.

import { fill } from "./slots";

const SECONDS = 10;
const toast = document.getElementById("toast") as HTMLElement;
const button = toast.querySelector("button") as HTMLButtonElement;

export class Toast {
  /** The decisions that undo would take back, by comma; "" when none is offered. */
  decision = "";
  private timer = 0;

  constructor(undo: (decision: string) => void) {
    button.addEventListener("click", () => {
      const decision = this.decision;
      this.hide();
      if (decision) undo(decision);
    });
  }

  offer(decision: string, what: string, text: string): void {
    this.hide();
    this.decision = decision;
    let left = SECONDS;
    const count = () => fill(toast, { what, text: text.length > 60 ? `${text.slice(0, 60)}…` : text, seconds: left });
    count();
    toast.hidden = false;
    this.timer = window.setInterval(() => {
      left -= 1;
      if (left > 0) count();
      else this.hide();
    }, 1000);
  }

  hide(): void {
    window.clearInterval(this.timer);
    this.decision = "";
    toast.hidden = true;
  }
}
