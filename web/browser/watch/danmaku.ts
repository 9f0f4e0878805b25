// The comments that cross the picture. Moved by transforms only, bounded in number; decoration: the list beside it
// is the accessible form of the same words, so nothing here is said to screen readers.

import type { Note, ShownComment } from "../wire";
import { fillCard } from "./list";
import { Lanes } from "./lanes";
import { call } from "./lines";
import { page } from "./data";
import type { DanmakuSettings } from "./settings";
import { find, piece, pulse, show } from "../page/pieces";

const SMALL = 480;
const FLYING_LIMIT = 60;
const WAITING_LIMIT = 40;
const STALE_MS = 6_000;

/** For this part of its way a comment counts those who say alike; after that they begin anew at the right. */
const COUNTS_FOR = 0.6;

/** Longer texts fly alone, unless they are applause: room for the count is kept behind every one that may grow. */
const ALIKE_LENGTH = 12;
const ROOM = "×999";

interface Waiting {
  text: string;
  tone: "" | "own" | "answer";
  note: Note | null;
  since: number;
  /** What makes others alike; "" where it flies alone. */
  key: string;
  ids: Set<string>;
}

interface Flying {
  element: HTMLElement;
  motion: Animation;
  since: number;
  key: string;
  ids: Set<string>;
}

export class Danmaku {
  mine = "";
  private readonly layer = find("#danmaku");
  private readonly card = find("#picture-card");
  private readonly emptyCard = piece("t-comment");
  private lanes = new Lanes(0, 0, 1);
  private waiting: Waiting[] = [];
  private readonly flying = new Map<number, Flying>();
  private readonly byKey = new Map<string, Flying>();
  private settings: DanmakuSettings;
  private serial = 0;
  private timer = 0;

  constructor(settings: DanmakuSettings) {
    this.settings = settings;
    find("button", this.card).addEventListener("click", () => show(this.card, false));
    new ResizeObserver(() => this.layout()).observe(this.layer);
    document.addEventListener("visibilitychange", () => document.hidden && this.clear());
  }

  apply(settings: DanmakuSettings): void {
    this.settings = settings;
    this.layer.style.setProperty("--danmaku-opacity", String(settings.opacity / 100));
    this.clear();
    this.layout();
  }

  fly(comment: ShownComment): void {
    const tone = comment.viewer === this.mine ? "own" : "";
    const alone = tone || comment.note || comment.kind === "question" || !(comment.applause || comment.text.length <= ALIKE_LENGTH);
    const key = alone ? "" : `${comment.simulated ? "played" : "said"} ${call(comment)}`;
    this.add({ text: comment.text, tone, note: comment.note ?? null, since: Date.now(), key, ids: new Set([comment.id]) });
  }

  answer(text: string): void {
    this.add({ text, tone: "answer", note: null, since: Date.now(), key: "", ids: new Set() });
  }

  /** Comments that were taken back leave the picture too. */
  remove(ids: readonly string[]): void {
    if (!ids.length) return;
    this.waiting = this.waiting.filter((item) => !lost(item.ids, ids) || item.ids.size > 0);
    for (const [id, flight] of this.flying) {
      if (!lost(flight.ids, ids)) continue;
      if (flight.ids.size) this.count(flight);
      else {
        flight.motion.cancel();
        this.land(id);
      }
    }
  }

  private add(item: Waiting): void {
    if (!this.settings.on || document.hidden || this.layer.clientWidth === 0) return;
    const same = item.key ? this.alike(item.key) : undefined;
    if (same) {
      for (const id of item.ids) same.ids.add(id);
      if ("element" in same) this.count(same);
      return;
    }
    this.waiting.push(item);
    if (this.waiting.length > WAITING_LIMIT) this.waiting.shift();
    this.start();
  }

  /** On its way, and not too far; or waiting for a lane. */
  private alike(key: string): Flying | Waiting | undefined {
    const flight = this.byKey.get(key);
    if (flight && Date.now() - flight.since < this.settings.speed * 1000 * COUNTS_FOR) return flight;
    return this.waiting.find((item) => item.key === key);
  }

  private start(): void {
    window.clearTimeout(this.timer);
    const now = performance.now();
    this.waiting = this.waiting.filter((item) => {
      if (this.flying.size >= FLYING_LIMIT) return Date.now() - item.since < STALE_MS;
      return !this.launch(item, now) && Date.now() - item.since < STALE_MS;
    });
    if (this.waiting.length) this.timer = window.setTimeout(() => this.start(), 120);
  }

  private launch(item: Waiting, now: number): boolean {
    const element = this.draw(item);
    element.style.visibility = "hidden";
    this.layer.append(element);
    const width = element.offsetWidth;
    const lane = this.lanes.take(width, now);
    if (lane < 0) {
      element.remove();
      return false;
    }
    const y = lane * this.laneHeight + 6;
    const from = `translate3d(${this.layer.clientWidth}px, ${y}px, 0)`;
    const to = `translate3d(${-width}px, ${y}px, 0)`;
    element.style.visibility = "";
    const motion = element.animate([{ transform: from }, { transform: to }], this.settings.speed * 1000);
    const id = (this.serial += 1);
    const flight = { element, motion, since: Date.now(), key: item.key, ids: item.ids };
    this.flying.set(id, flight);
    if (item.key) this.byKey.set(item.key, flight);
    if (item.ids.size > 1) this.count(flight);
    motion.onfinish = () => this.land(id);
    return true;
  }

  private land(id: number): void {
    const flight = this.flying.get(id);
    flight?.element.remove();
    this.flying.delete(id);
    if (flight && this.byKey.get(flight.key) === flight) this.byKey.delete(flight.key);
  }

  private draw(item: Waiting): HTMLElement {
    const element = document.createElement("span");
    element.className = `flying ${item.tone}`;
    element.textContent = item.text;
    const { note } = item;
    if (note) {
      const mark = document.createElement("span");
      mark.className = "card-mark";
      mark.textContent = "i";
      mark.addEventListener("click", () => this.open(note));
      element.append(mark);
    }
    if (item.key) {
      const times = document.createElement("span");
      times.className = "times";
      times.textContent = ROOM;
      element.append(times);
    }
    return element;
  }

  private count(flight: Flying): void {
    const times = find(".times", flight.element);
    times.classList.toggle("counting", flight.ids.size > 1);
    times.textContent = flight.ids.size > 1 ? `×${flight.ids.size}` : ROOM;
    pulse(times);
  }

  private open(note: Note): void {
    const fresh = find(".source-card", this.emptyCard).cloneNode(true) as HTMLElement;
    find(".source-card", this.card).replaceWith(fresh);
    fillCard(this.card, note);
    this.card.lang = page.language === "zh" ? "zh-CN" : "en";
    show(this.card, true);
  }

  private get laneHeight(): number {
    return Math.round(this.size * 1.55);
  }

  /** A small picture gets somewhat smaller words. */
  private get size(): number {
    return this.layer.clientWidth < SMALL ? Math.max(16, Math.round(this.settings.size * 0.8)) : this.settings.size;
  }

  private layout(): void {
    this.layer.style.setProperty("--danmaku-size", `${this.size}px`);
    const usable = this.layer.clientHeight * this.settings.area - 6;
    const count = Math.max(this.layer.clientHeight > 60 ? 1 : 0, Math.floor(usable / this.laneHeight));
    if (this.lanes.span === this.layer.clientWidth && this.flying.size) {
      this.lanes.count = count;
      return;
    }
    this.clear(); // those under way were measured for another width
    this.lanes = new Lanes(count, this.layer.clientWidth, this.settings.speed * 1000);
  }

  private clear(): void {
    this.waiting = [];
    for (const { motion, element } of this.flying.values()) {
      motion.cancel();
      element.remove();
    }
    this.flying.clear();
    this.byKey.clear();
  }
}

/** Take these out of the set; whether one was in it. */
function lost(members: Set<string>, ids: readonly string[]): boolean {
  return ids.filter((id) => members.delete(id)).length > 0;
}
