// What was written and is not settled yet: kept in this browser until the hub has acknowledged it, sent again with
// the same `once` until then, so that it arrives once. Then shown until its verdict.

import type { Outcome, Refusal } from "../wire";
import { isDenied, type Connection } from "./connection";
import { page, t } from "./data";
import { find, memory, newOnce, piece, say, show } from "../page/pieces";

export type CommentKind = "comment" | "question";
export type State = "queued" | "sending" | "checking" | "slow" | "shown" | "held" | "rejected";

export interface Kept {
  once: string;
  text: string;
  nick: string;
  kind: CommentKind;
  at: number;
}

const SLOW_MS = 10_000;
const SHOWN_MS = 2_500;
const AGAIN_MS = 1_500;
const KEEP_MS = 24 * 3_600_000;
const VISIBLE = 3;

const TONE: Record<State, string> = {
  queued: "waiting", sending: "waiting", checking: "waiting", slow: "waiting", shown: "done", held: "held", rejected: "refused",
};
const MARK: Record<string, number> = { waiting: 0, held: 1, refused: 2, done: 3 };

export class Outbox {
  private readonly list = find("#own-comments");
  private readonly rows = new Map<string, HTMLElement>();
  private readonly key = `outbox.${page.code}`;
  private waiting: Kept[];
  private sending = false;

  constructor(
    private readonly connection: Connection,
    private readonly refused: (kept: Kept, refusal: Refusal) => void,
  ) {
    this.list.textContent = "";
    this.waiting = memory.read<Kept[]>(this.key, []).filter((kept) => Date.now() - kept.at < KEEP_MS);
    for (const kept of this.waiting) this.row(kept.once, kept.text, "queued");
  }

  put(text: string, nick: string, kind: CommentKind): void {
    const kept = { once: newOnce(), text, nick, kind, at: Date.now() };
    this.waiting.push(kept);
    this.save();
    this.row(kept.once, text, this.connection.live ? "sending" : "queued");
    void this.flush();
  }

  /** Send what is kept, one after the other, in the order of writing. */
  async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.connection.live && this.waiting.length) if (!(await this.send(this.waiting[0]!))) return;
    } finally {
      this.sending = false;
    }
  }

  /** True when it is settled: recorded, or refused for good. */
  private async send(kept: Kept): Promise<boolean> {
    this.row(kept.once, kept.text, "sending");
    const { once, text, nick, kind } = kept;
    const answer = await this.connection.ask("comment", { once, text, nick, kind });
    if (answer === undefined || (isDenied(answer) && ["unavailable", "not_joined"].includes(answer.error.code))) {
      this.row(once, text, "queued");
      window.setTimeout(() => void this.flush(), AGAIN_MS);
      return false;
    }
    this.waiting = this.waiting.filter((other) => other.once !== once);
    this.save();
    if (isDenied(answer)) {
      this.forget(once);
      this.refused(kept, answer.error);
    } else if (this.stateOf(once) === "sending") this.checking(once, text);
    return true;
  }

  /** What the hub says of one's own comment; on joining, of all that are not settled. */
  outcome(outcome: Outcome, live: boolean): void {
    const { once, status, text = "" } = outcome;
    if (this.waiting.some((kept) => kept.once === once)) {
      this.waiting = this.waiting.filter((kept) => kept.once !== once);
      this.save();
    }
    if (erased(outcome) && !this.rows.has(once)) return; // taken back elsewhere
    if (outcome.appeal === "granted") this.row(once, text, "shown", outcome);
    else if (status === "waiting") this.checking(once, text);
    else if (status !== "shown") this.row(once, text, status as State, outcome);
    else if (live && this.rows.has(once) && this.stateOf(once) !== "shown") {
      this.row(once, text, "shown", outcome);
      window.setTimeout(() => this.stateOf(once) === "shown" && this.forget(once), SHOWN_MS);
    } else if (!live) this.forget(once);
  }

  private checking(once: string, text: string): void {
    this.row(once, text, "checking");
    window.setTimeout(() => this.stateOf(once) === "checking" && this.row(once, text, "slow"), SLOW_MS);
  }

  private stateOf(once: string): string | undefined {
    return this.rows.get(once)?.dataset["state"];
  }

  private row(once: string, text: string, state: State, outcome?: Outcome): void {
    if (memory.read<string[]>("putaway", []).includes(once)) return;
    let row = this.rows.get(once);
    if (!row) {
      row = piece("t-outcome");
      row.dataset["once"] = once;
      find(".dismiss", row).addEventListener("click", () => this.putAway(once));
      this.rows.set(once, row);
      this.list.append(row);
    }
    const tone = TONE[state];
    row.dataset["state"] = state;
    row.className = `own-comment notice ${tone}`;
    Array.from(find(".marks", row).children).forEach((mark, place) => mark.toggleAttribute("hidden", place !== MARK[tone]));
    say(row, ".state", t(state === "shown" && outcome?.note ? "state.shown_card" : `state.${state}`));
    const reasons = state === "held" || state === "rejected" ? (outcome?.reasons ?? []) : [];
    say(row, ".why", [...new Set(reasons.map((reason) => t(`reason.${reason.code}`)))].join(" "));
    say(row, ".quoted", text);
    this.objection(row, state, outcome);
    show(find(".dismiss", row), tone !== "waiting");
    while (this.list.children.length > VISIBLE && this.settledFirst()) continue;
    if (row === this.list.lastElementChild) this.list.scrollTop = this.list.scrollHeight;
  }

  /** How the author's objection stands, or the form to make it. */
  private objection(row: HTMLElement, state: State, outcome?: Outcome): void {
    say(row, ".objection", outcome?.appeal ? t(`appeal.${outcome.appeal}`) : "");
    say(row, ".moderators-words", outcome?.why ?? "");
    const form = find(".appeal", row);
    show(form, (state === "held" || state === "rejected") && outcome !== undefined && !outcome.appeal && !erased(outcome));
    if (outcome) find<HTMLInputElement>('[name="comment"]', form).value = outcome.comment;
  }

  /** Above `VISIBLE` rows the oldest settled one goes: those that were shown first, then what was held. */
  private settledFirst(): boolean {
    for (const state of ["shown", "rejected", "held"]) {
      for (const [once, row] of this.rows) {
        if (row.dataset["state"] !== state) continue;
        this.forget(once);
        return true;
      }
    }
    return false;
  }

  private putAway(once: string): void {
    memory.write("putaway", [...memory.read<string[]>("putaway", []), once].slice(-200));
    this.forget(once);
  }

  private forget(once: string): void {
    this.rows.get(once)?.remove();
    this.rows.delete(once);
  }

  private save(): void {
    memory.write(this.key, this.waiting);
  }
}

function erased(outcome: Outcome): boolean {
  return outcome.reasons?.[0]?.code === "erased";
}
