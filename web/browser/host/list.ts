// The list on the left. Nothing in it moves by itself: new items gather above with a count until the host asks
// for them, and what others decided stays in its place, dimmed, until then.

import type { Item, Lane, Model, Sort } from "./model";
import { ages, badge, clone, fill, stamp } from "./slots";
import { say, words } from "./words";

const items = document.getElementById("items") as HTMLOListElement;
const empty = document.getElementById("empty") as HTMLElement;
const fresh = document.getElementById("fresh") as HTMLButtonElement;

export class List {
  private order: string[] = [...items.children].map((row) => (row as HTMLElement).dataset["id"] ?? "");
  /** Rows as they were last filled, for those that left the lane. */
  private last = new Map<string, Item>();

  constructor(
    private model: Model,
    public lane: Lane,
    public sort: Sort,
  ) {}

  get ids(): string[] {
    return this.order;
  }

  /** Show the lane as it is now, in order. */
  reload(): void {
    this.last.clear();
    this.order = this.wanted().map((item) => item.id);
    this.draw();
  }

  /** Bring the rows up to date where they are; say above how many are new. */
  refresh(): void {
    if (!this.order.length) {
      this.reload();
      return;
    }
    this.draw();
  }

  /** The host's own decision: this one leaves at once, or goes to the top if it is being answered now. */
  settle(id: string): void {
    const wanted = new Map(this.wanted().map((item) => [item.id, item]));
    if (!wanted.has(id)) this.order = this.order.filter((one) => one !== id);
    else if (wanted.get(id)?.status === "answering") this.order = [id, ...this.order.filter((one) => one !== id)];
    this.refresh();
  }

  select(id: string): void {
    for (const row of items.querySelectorAll<HTMLElement>("li")) {
      const link = row.querySelector("a");
      if (row.dataset["id"] === id) {
        link?.setAttribute("aria-current", "true");
        row.scrollIntoView({ block: "nearest" });
      } else link?.removeAttribute("aria-current");
    }
  }

  private wanted(): Item[] {
    return this.model.lane(this.lane, this.sort);
  }

  private draw(): void {
    const wanted = this.wanted();
    const here = new Map(wanted.map((item) => [item.id, item]));
    const rows = new Map([...items.children].map((row) => [(row as HTMLElement).dataset["id"], row as HTMLElement]));
    const size = new Map<string, number>();
    for (const { alike } of wanted) if (alike && this.lane === "held") size.set(alike, (size.get(alike) ?? 0) + 1);
    const begun = new Set<string>();
    const drawn = this.order.flatMap((id) => {
      const item = here.get(id) ?? this.model.find(id) ?? this.last.get(id);
      if (!item) return [];
      this.last.set(id, item);
      const row = this.fillRow(rows.get(id) ?? clone("row"), item, !here.has(id));
      const many = here.has(id) ? (size.get(item.alike) ?? 0) : 0;
      row.classList.toggle("again", many > 1 && begun.has(item.alike));
      fill(row, { alike: many > 1 && !begun.has(item.alike) ? say("alike_count", { count: many }) : "" });
      if (many) begun.add(item.alike);
      return [row];
    });
    if (drawn.length !== items.children.length || drawn.some((row, place) => items.children[place] !== row)) {
      items.replaceChildren(...drawn);
    }
    ages(items);
    this.tell(wanted);
  }

  private fillRow(row: HTMLElement, item: Item, gone: boolean): HTMLElement {
    row.dataset["id"] = item.id;
    row.classList.toggle("now", item.status === "answering" && !gone);
    row.classList.toggle("gone", gone);
    row.querySelector("a")?.setAttribute("href", `?show=${this.lane}&sort=${this.sort}&item=${item.id}#detail`);
    if (item.kind === "question") row.dataset["question"] = item.id;
    else delete row.dataset["question"];
    fill(row, { votes: item.votes, text: item.text, reply: item.answer, nick: item.nick });
    const pick = row.querySelector<HTMLInputElement>(".pick");
    if (pick) {
      pick.hidden = gone || this.lane !== "held";
      if (pick.hidden) pick.checked = false;
      if (!pick.checked) pick.value = `${item.id} ${item.turn}`;
    }
    const reply = row.querySelector<HTMLElement>(".item-answer");
    if (reply) reply.hidden = !item.answer;
    const votes = row.querySelector<HTMLElement>(".votes");
    if (votes) votes.hidden = item.kind === "held";
    const state = this.state(item, gone);
    badge(row, "badge", state, words.badge[state] ?? "");
    stamp(row, item.at);
    return row;
  }

  private state(item: Item, gone: boolean): string {
    if (gone || this.lane === "decided") return item.status;
    if (item.appeal) return "appeal";
    if (item.kind === "held" && item.status === "shown") return Object.keys(item.reports).length ? "reported" : "shown";
    if (item.kind === "held") return item.reasons[0]?.code ?? "overdue";
    return item.status === "answering" ? "answering" : "";
  }

  private tell(wanted: Item[]): void {
    const known = new Set(this.order);
    const count = wanted.filter((item) => !known.has(item.id)).length;
    const there = new Set(wanted.map((item) => item.id));
    const kept = this.order.filter((id) => there.has(id));
    const sorted = wanted.filter((item) => known.has(item.id)).every((item, place) => item.id === kept[place]);
    const label = fresh.querySelector("span");
    if (label) label.textContent = count ? say(count === 1 ? "new_one" : "new_many", { count }) : say("resort");
    fresh.hidden = !count && sorted;
    empty.hidden = this.order.length > 0;
    empty.textContent = words.empty[this.lane] ?? "";
  }
}
