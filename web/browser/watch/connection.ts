// The socket: joins with the position that this page has, hands out frames, sends commands, and says in words
// how things stand. A frame at or before our position is applied anyway: every frame is safe to repeat.

import { io } from "socket.io-client";
import type { Accepted, Batch, CampaignView, Denied, Joined, Outcome } from "../wire";
import { before, page, t } from "./data";
import { find, show } from "../page/pieces";

const ANSWER_MS = 8_000;
const WORDS_MS = 4_000;
const REJOIN_MS = 3_000;

export interface Listeners {
  joined(joined: Joined, first: boolean): void;
  batch(batch: Batch): void;
  outcome(outcome: Outcome): void;
  campaign(view: CampaignView): void;
  people(count: number): void;
}

/** A field at its default is left out of frames, so it is the error that tells. */
export function isDenied(answer: object): answer is Denied {
  return "error" in answer;
}

export class Connection {
  live = false;
  private after = "";
  private epoch = "";
  /** After a loss, also of a thousand at once: back after 0.5 to 1.5 s, at random, then more and more slowly. */
  private readonly socket = io({
    transports: ["websocket", "polling"], reconnectionDelay: 1_000, reconnectionDelayMax: 8_000, randomizationFactor: 0.5,
    autoConnect: false,
  });
  private readonly line = find("#connection");
  private fading = 0;

  constructor(private readonly listeners: Listeners) {
    this.socket.on("connect", () => void this.join());
    this.socket.on("disconnect", () => this.lost(t("connection.offline")));
    this.socket.on("connect_error", () => this.lost(t(navigator.onLine ? "connection.trouble" : "connection.offline")));
    this.socket.on("batch", (batch: Batch) => this.apply(batch));
    this.socket.on("outcome", (outcome: Outcome) => listeners.outcome(outcome));
    this.socket.on("campaign", (view: CampaignView) => listeners.campaign(view));
    window.addEventListener("online", () => this.socket.connect());
  }

  open(): void {
    this.socket.connect();
  }

  /** The answer of the hub; undefined if none came (try again with the same `once`). */
  async ask(event: string, command: object): Promise<Accepted | Denied | undefined> {
    if (!this.socket.connected) return undefined;
    try {
      return (await this.socket.timeout(ANSWER_MS).emitWithAck(event, command)) as Accepted | Denied;
    } catch {
      return undefined;
    }
  }

  private async join(): Promise<void> {
    const first = !this.epoch;
    const answer = await this.ask("join", { broadcast: page.code, after: this.after, epoch: this.epoch, last: 200 });
    if (answer === undefined || isDenied(answer)) {
      this.say(t("connection.trouble"));
      window.setTimeout(() => this.socket.connected && void this.join(), REJOIN_MS * (0.5 + Math.random()));
      return;
    }
    const joined = answer as unknown as Joined;
    this.live = true;
    this.listeners.people(joined.people ?? 0);
    this.remember(joined.batch);
    this.listeners.joined(joined, first);
    if (first) show(this.line, false);
    else this.saysWelcomeBack(joined.batch.reset ? 0 : (joined.batch.comments ?? []).length);
  }

  private apply(batch: Batch): void {
    this.remember(batch);
    if (batch.people != null) this.listeners.people(batch.people);
    this.listeners.batch(batch);
  }

  private remember(batch: Batch): void {
    if (batch.reset || batch.epoch !== this.epoch || before(batch.as_of, this.after || "0-0") > 0) this.after = batch.as_of;
    this.epoch = batch.epoch;
  }

  private saysWelcomeBack(missed: number): void {
    if (missed === 0) this.say(t("connection.caught_up"), true);
    else if (missed === 1) this.say(t("connection.caught_up_one"), true);
    else this.say(t("connection.caught_up_many", { n: missed }), true);
  }

  private lost(words: string): void {
    this.live = false;
    this.say(words);
  }

  private say(words: string, good = false): void {
    window.clearTimeout(this.fading);
    this.line.textContent = words;
    this.line.classList.toggle("good", good);
    show(this.line, true);
    if (good) this.fading = window.setTimeout(() => show(this.line, false), WORDS_MS);
  }
}
