// Writing a comment or a question: the nickname once, the characters left when it gets near, refusals beside the
// field with the seconds to wait. What is sent goes through the outbox.

import type { Refusal } from "../wire";
import type { CommentKind, Kept, Outbox } from "./outbox";
import { page, refusalText, t } from "./data";
import { find, maybe, memory, show } from "../page/pieces";

const LIMIT = 200;
const NEAR = 40;
const LOW = 520;
/** So few pixels are left only while a keyboard is open (or on a phone held sideways). */

export class Composer {
  private readonly form = find<HTMLFormElement>("#composer");
  private readonly nick = find<HTMLInputElement>("#nick");
  private readonly text = find<HTMLTextAreaElement>("#text");
  private readonly left = find("#left");
  private readonly refusedLine = find("#refused");
  private readonly asNick = document.createElement("button");
  private kind: CommentKind = "comment";
  private waiting = 0;

  constructor(private readonly outbox: () => Outbox) {
    this.nick.value ||= memory.read("nick", "");
    this.text.value ||= memory.read(`draft.${page.code}`, "");
    this.text.removeAttribute("maxlength"); // pasted text is counted and shown, not cut
    this.text.required = this.nick.required = false;
    this.asNick.type = "button";
    this.asNick.className = "quiet as-nick";
    this.form.append(this.asNick);
    this.asNick.addEventListener("click", () => this.askNick());
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.form.requestSubmit();
      }
    });
    this.followKeyboard();
    this.knowNick();
    this.count();
  }

  mode(kind: CommentKind): void {
    this.kind = kind;
    this.text.placeholder = t(`compose.${kind}`);
    this.text.setAttribute("aria-label", t(`compose.${kind}`));
  }

  status(status: string): void {
    show(this.form, status === "open");
    const note = find("#closed-note");
    show(note, status !== "open");
    note.textContent = t(status === "closed" ? "compose.closed" : "compose.scheduled");
  }

  /** The hub said no: the text comes back, unless something new is being written. */
  refused(kept: Kept, refusal: Refusal): void {
    if (!this.text.value) this.text.value = kept.text;
    this.typed();
    (refusal.field === "nick" ? this.nick : this.text).setAttribute("aria-invalid", "true");
    if (refusal.field === "nick") this.askNick();
    if (refusal.code === "rate") this.countdown(refusal);
    else this.refusedLine.textContent = refusalText(refusal);
  }

  private submit(event: Event): void {
    event.preventDefault();
    const text = this.text.value.trim();
    const nick = this.nick.value.trim();
    if (!text) return this.complain(this.text, t("compose.empty"));
    if (length(text) > LIMIT) return this.complain(this.text, t("compose.over", { n: length(text) - LIMIT }));
    if (!nick) {
      this.askNick();
      return this.complain(this.nick, t("compose.nick"));
    }
    memory.write("nick", nick);
    this.knowNick();
    this.outbox().put(text, nick, this.kind);
    this.text.value = "";
    this.clear();
    this.typed();
    this.text.focus({ preventScroll: true });
  }

  private typed(): void {
    memory.write(`draft.${page.code}`, this.text.value);
    this.text.removeAttribute("aria-invalid");
    if (!CSS.supports("field-sizing", "content")) {
      this.text.style.height = "auto";
      this.text.style.height = `${this.text.scrollHeight + 2}px`;
    }
    this.count();
  }

  private count(): void {
    const left = LIMIT - length(this.text.value.trim());
    this.left.classList.toggle("over", left < 0);
    this.left.textContent =
      left > NEAR ? "" : left < 0 ? t("compose.over", { n: -left }) : t("compose.left", { n: left });
  }

  private complain(field: HTMLElement, words: string): void {
    field.setAttribute("aria-invalid", "true");
    this.refusedLine.textContent = words;
    field.focus();
  }

  private clear(): void {
    window.clearInterval(this.waiting);
    this.refusedLine.textContent = "";
    this.text.removeAttribute("aria-invalid");
    this.nick.removeAttribute("aria-invalid");
  }

  private countdown(refusal: Refusal): void {
    window.clearInterval(this.waiting);
    let left = Math.ceil(refusal.retry_after ?? 1);
    const tell = (): void => {
      this.refusedLine.textContent = left > 0 ? refusalText({ ...refusal, retry_after: left }) : "";
      if (left <= 0) this.clear();
      left -= 1;
    };
    tell();
    this.waiting = window.setInterval(tell, 1000);
  }

  private knowNick(): void {
    const known = this.nick.value.trim();
    this.form.classList.toggle("knows-nick", known !== "");
    this.asNick.textContent = known;
    this.asNick.title = maybe("label[for=nick]")?.textContent ?? "";
    show(this.asNick, known !== "");
  }

  private askNick(): void {
    this.form.classList.remove("knows-nick");
    show(this.asNick, false);
    this.nick.focus();
  }

  /** Phones whose keyboard covers the page: the page becomes as high as what is left. */
  private followKeyboard(): void {
    const seen = window.visualViewport;
    if (!seen) return;
    const fit = (): void => {
      const root = document.documentElement;
      root.style.setProperty("--visible", `${Math.round(seen.height)}px`);
      root.classList.toggle("low", seen.height < LOW);
    };
    seen.addEventListener("resize", fit);
    fit();
  }
}

/** As the server counts: characters, not UTF-16 units. */
function length(text: string): number {
  return Array.from(text).length;
}
