// The selected item on the right. What the host is typing or choosing is never overwritten by what arrives.

import type { Note, Reason } from "../wire";
import type { Item, Model, Said } from "./model";
import { ages, badge, clone, fill, list, show, stamp, until } from "./slots";
import { actor, cards, chinese, say, words } from "./words";

const place = document.getElementById("card") as HTMLElement;
const nothing = document.getElementById("nothing") as HTMLElement;

export class Card {
  /** Entry id of the item shown; "" for none. */
  id = place.querySelector<HTMLElement>("[data-id]")?.dataset["id"] ?? "";

  /** The turn that the moderator has seen: a decision of somebody else that comes meanwhile is not overruled unseen. */
  private turn = "";

  /** What else the author of this comment said, as the server knows it. */
  private also: { of: string; said: Said[] } = { of: "", said: [] };

  constructor(private model: Model, private code: string) {}

  get element(): HTMLElement | null {
    return place.querySelector<HTMLElement>(".detail-card");
  }

  open(id: string): void {
    const item = this.model.find(id);
    this.id = item ? id : "";
    nothing.hidden = Boolean(item);
    if (!item) {
      place.replaceChildren();
      return;
    }
    const card = clone(item.kind === "question" ? "question-card" : "held-card");
    place.replaceChildren(card);
    const answer = card.querySelector<HTMLTextAreaElement>("textarea");
    if (answer) answer.value = item.answer;
    const claim = card.querySelector<HTMLSelectElement>("select");
    if (claim) suggest(claim, item.note);
    this.turn = item.turn;
    this.refresh();
  }

  /** What this person said before this page was opened, whatever became of it. */
  private async ask(id: string): Promise<void> {
    this.also = { of: id, said: [] };
    const answer = await fetch(`/api/broadcasts/${this.code}/review/${id}`).catch(() => undefined);
    if (!answer?.ok) return;
    const told = (await answer.json()) as { also: (Said & { badge: string })[] };
    if (this.id !== id) return;
    this.also = { of: id, said: told.also.map((one) => ({ ...one, status: one.badge })) };
    this.refresh();
  }

  refresh(): void {
    const item = this.model.find(this.id);
    const card = this.element;
    if (!item || !card) return;
    card.dataset["id"] = item.id;
    fill(card, {
      id: item.id,
      text: item.text,
      nick: item.nick,
      votes: item.votes,
      reply: item.answer,
      decision: item.decision,
      model: item.model || "–",
      policy: item.policy || "–",
    });
    stamp(card, item.at);
    badge(card, "status", item.status, words.badge[item.status] ?? "");
    show(card, "decision", Boolean(item.decision));
    show(card, "question", item.asked);
    show(card, "reply", Boolean(item.answer));
    for (const button of card.querySelectorAll<HTMLElement>("[data-unless]")) {
      button.hidden = button.dataset["unless"] === item.status;
    }
    if (item.kind === "held") {
      if (this.also.of !== item.id) void this.ask(item.id);
      if (!item.by || this.model.isMine(item.turn)) this.turn = item.turn;
      this.why(card, item);
      this.people(card, item);
    }
    this.others(card, item);
    ages(card);
  }

  /** One of the misconceptions that it is near to. */
  choose(claim: string): void {
    const select = this.element?.querySelector<HTMLSelectElement>("select");
    if (!select) return;
    select.value = claim;
    this.preview();
    select.focus();
  }

  /** The card that the chosen misconception would bring along. */
  preview(): void {
    const card = this.element;
    const claim = card?.querySelector<HTMLSelectElement>("select")?.value ?? "";
    const suggested = this.model.find(this.id)?.note;
    const writing = card?.querySelector<HTMLDetailsElement>(".write-card")?.open ?? false;
    const chosen = writing ? undefined : cards[claim] ?? (suggested && !cards[suggested.claim] ? suggested : undefined);
    if (!card) return;
    show(card, "card", Boolean(chosen));
    if (!chosen) return;
    fill(card, { fact: chinese ? chosen.fact_zh : chosen.fact_en, source: chosen.source });
    card.querySelector<HTMLAnchorElement>('[data-f="source"]')?.setAttribute("href", webAddress(chosen.url));
  }

  private why(card: HTMLElement, item: Item): void {
    const overdue = item.status === "shown" ? [] : [{ code: "overdue" }];
    const found: (Omit<Reason, "code"> & { code: string })[] = item.reasons.length ? item.reasons : overdue;
    const reasons = found.map((reason) => {
      const row = clone("reason-row");
      const text = words.reason[`${reason.code}.${reason.rule ?? ""}`] ?? words.reason[reason.code] ?? reason.code;
      fill(row, { text, rule: ruleText(reason) });
      return row;
    });
    list(card, "reasons", reasons);
    const near = item.claims.filter(({ claim }) => cards[claim]).map(({ claim, similarity }) => {
      const row = clone("nearest-row");
      fill(row, { claim: title(cards[claim]), kind: words.kind[claim] ?? "", similarity: percent(similarity) });
      const choose = row.querySelector<HTMLElement>("button");
      if (choose) Object.assign(choose, { hidden: false }).dataset["choose"] = claim;
      return row;
    });
    list(card, "nearest", near);
    show(card, "nearest", near.length > 0);
    const scores = Object.entries(item.scores).map(([name, score]) => {
      const row = clone("score-row");
      fill(row, { name: words.score[name] ?? name, meter: score, score: percent(score) });
      return row;
    });
    list(card, "scores", scores);
    show(card, "scores", scores.length > 0);
    this.preview();
  }

  private people(card: HTMLElement, item: Item): void {
    const alike = this.model.alike(item).length;
    card.querySelector('[data-f="page"]')?.setAttribute("href", `/b/${this.code}/comments/${item.id}`);
    const reports = Object.entries(item.reports).map(([why, count]) => `${words.why[why] ?? why} ×${count}`);
    fill(card, {
      turn: this.turn,
      plain: item.plain,
      appeal: item.appeal,
      by: item.by ? say("decided_by", { who: actor(item.by) }) : "",
      why: item.why,
      reports: reports.join(", "),
      weight: item.weight,
      alike: say("alike", { count: alike }),
      restricted: (words.effect[item.restricted] ?? "").replace("%(until)s", until(item.until)),
    });
    for (const part of ["plain", "appeal", "by", "restricted"] as const) show(card, part, Boolean(item[part]));
    show(card, "reports", reports.length > 0);
    show(card, "alike", alike > 0);
  }

  private others(card: HTMLElement, item: Item): void {
    const rows = this.model.saidBy(item, this.also.of === item.id ? this.also.said : []).map((said) => {
      const row = clone("said-row");
      fill(row, { text: said.text });
      badge(row, "badge", said.status, words.badge[said.status] ?? "");
      stamp(row, said.at);
      return row;
    });
    list(card, "said", rows);
    show(card, "said", rows.length > 0);
  }
}

/** Choose the suggested card; one that has left the bank since stands in the place of the empty choice. */
function suggest(claim: HTMLSelectElement, note: Note | null): void {
  const empty = claim.options[0];
  if (note && !cards[note.claim] && empty) empty.textContent = chinese ? note.claim_zh : note.claim_en;
  claim.value = note && cards[note.claim] ? note.claim : "";
}

function title(card: Note | undefined): string {
  return (chinese ? card?.claim_zh : card?.claim_en) ?? "";
}

/** The rule in words with its id, the claim's title, or the part of the model; the listed word; how sure. */
function ruleText(reason: { rule?: string; word?: string; score?: number | null }): string {
  const { rule = "", word, score } = reason;
  const id = rule in words.rule && /^.\d+$/.test(rule) ? `· ${rule}` : "";
  const name = rule in cards ? title(cards[rule]) : words.rule[rule] ?? rule;
  return [name, id, word ? `“${word}”` : "", typeof score === "number" ? percent(score) : ""].filter(Boolean).join(" ");
}

function percent(score: number): string {
  return `${Math.round(score * 100)}%`;
}

/** Source addresses are ours, but an address is followed only if it is one of the web. */
function webAddress(url: string): string {
  return /^https?:\/\//.test(url) ? url : "#";
}
