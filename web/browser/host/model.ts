// What the desk knows, out of the socket's frames: questions, held comments, decisions, and who said what.
// No page here; `host.ts` feeds it, `list.ts` and `card.ts` show it. Lanes and order are those of `web/desk.py`.

import type { Batch, HeldView, Joined, Nearest, Note, QuestionView, Reason, Review, ShownComment } from "../wire";

export type Lane = "questions" | "held" | "later" | "answered" | "dismissed" | "decided";
export type Sort = "votes" | "age";
export const LANES: readonly Lane[] = ["questions", "held", "later", "answered", "dismissed", "decided"];

export interface Item {
  id: string;
  kind: "question" | "held";
  at: number;
  nick: string;
  text: string;
  status: string;
  decision: string;
  /** The author's mark; "" where it is not known (yet). */
  author: string;
  votes: number;
  answer: string;
  asked: boolean;
  reasons: Reason[];
  scores: Record<string, number>;
  claims: Nearest[];
  /** The source card that the checks suggest, or that was attached. */
  note: Note | null;
  model: string;
  policy: string;
  /** What a decision about it names: of two that name the same one is recorded. */
  turn: string;
  /** Who made the decision that stands, and their words to the author. */
  by: string;
  why: string;
  plain: string;
  alike: string;
  appeal: string;
  reports: Record<string, number>;
  weight: number;
  restricted: string;
  until: number;
}

export interface Said {
  id: string;
  text: string;
  status: string;
  at: number;
}

const LANE_OF: Record<string, Lane> = {
  waiting: "questions",
  answering: "questions",
  later: "later",
  answered: "answered",
  dismissed: "dismissed",
};
const RANK: Record<string, number> = { answering: 0, waiting: 1, later: 2, answered: 3, dismissed: 4 };
const DECIDED_LIMIT = 30;
const ALSO_LIMIT = 20;
const SAID_LIMIT = 5000;

export class Model {
  asOf = "";
  epoch = "";
  people: number | null = null;
  status = "";
  /** How the checks fare. */
  moderation = "normal";
  private questions = new Map<string, Item>();
  private held: Item[] = [];
  private decided: Item[] = [];
  /** What waits beyond the held items that the frame lists. */
  private beyond = 0;
  /** Decisions made at this desk. */
  private mine = new Set<string>();
  private said = new Map<string, Said & { author: string }>();

  joined(answer: Joined): void {
    this.batch(answer.batch);
    if (answer.review) this.review(answer.review);
  }

  batch(frame: Batch): void {
    if (frame.reset) {
      this.questions.clear();
      this.said.clear();
    }
    this.asOf = frame.as_of;
    this.epoch = frame.epoch;
    if (frame.broadcast) this.status = frame.broadcast.status;
    if (typeof frame.people === "number") this.people = frame.people;
    for (const comment of [...(frame.comments ?? []), ...(frame.changed ?? [])]) this.hear(comment);
    for (const question of frame.questions ?? []) this.questions.set(question.id, questionItem(question));
    for (const id of frame.gone ?? []) {
      this.questions.delete(id);
      const known = this.said.get(id);
      if (known) known.status = "held";
    }
  }

  review(frame: Review): void {
    this.held = (frame.held ?? []).map(heldItem);
    this.decided = (frame.decided ?? []).map(heldItem);
    this.moderation = frame.moderation ?? "normal";
    this.beyond = Math.max((frame.backlog ?? 0) - this.held.length, 0);
    for (const item of [...this.held, ...this.decided]) {
      this.said.set(item.id, { id: item.id, text: item.text, status: item.status, at: item.at, author: item.author });
    }
  }

  /** Whether a turn of a comment came about at this desk. */
  isMine(turn: string): boolean {
    return this.mine.has(turn);
  }

  /** Other held items that say nearly the same. */
  alike(item: Item): Item[] {
    return item.alike ? this.held.filter((one) => one.alike === item.alike && one.id !== item.id) : [];
  }

  /** The host's own accepted move, shown before the log's frame brings it. */
  moved(id: string, to: string, answer: string, decision: string): void {
    const question = this.questions.get(id);
    if (question) Object.assign(question, { status: to, answer, decision });
  }

  /** The host's own accepted decision about a comment, likewise. */
  judged(id: string, status: string, decision: string): void {
    const item = this.find(id);
    this.mine.add(decision);
    this.held = this.held.filter((one) => one.id !== id);
    if (!item || item.kind !== "held") return;
    const now = { ...item, status, decision };
    this.decided = [now, ...this.decided.filter((one) => one.id !== id)];
  }

  find(id: string): Item | undefined {
    return [...this.held, ...this.decided].find((item) => item.id === id) ?? this.question(id);
  }

  lane(lane: Lane, sort: Sort): Item[] {
    if (lane === "held") return grouped(this.held);
    const all = [...this.questions.values()];
    if (lane === "decided") {
      return [...all.filter((item) => item.decision), ...this.decided].sort(latest).slice(0, DECIDED_LIMIT);
    }
    const found = all.filter((item) => LANE_OF[item.status] === lane);
    if (lane === "answered" || lane === "dismissed") return found.sort(latest);
    const rank = (item: Item) => RANK[item.status] ?? 9;
    return found.sort(
      (a, b) => rank(a) - rank(b) || (lane === "questions" && sort === "age" ? 0 : b.votes - a.votes) || later(a.id, b.id),
    );
  }

  counts(): Record<Lane, number> {
    const count = (lane: Lane) => this.lane(lane, "votes").length + (lane === "held" ? this.beyond : 0);
    return Object.fromEntries(LANES.map((lane) => [lane, count(lane)])) as Record<Lane, number>;
  }

  /** What else the author of an item said, newest first. `known`: what the server told of it, also of long ago. */
  saidBy(item: Item, known: Said[]): Said[] {
    const author = item.author || this.said.get(item.id)?.author;
    const here = author ? [...this.said.values()].filter((one) => one.author === author) : [];
    const all = new Map([...known, ...here].map((one) => [one.id, one]));
    return [...all.values()]
      .filter((one) => one.id !== item.id)
      .sort((a, b) => later(b.id, a.id))
      .slice(0, ALSO_LIMIT);
  }

  private question(id: string): Item | undefined {
    return this.questions.get(id);
  }

  private hear(comment: ShownComment): void {
    const { id, text, at, viewer: author } = comment;
    this.said.set(id, { id, text, at, author, status: "shown" });
    if (this.said.size > SAID_LIMIT) {
      const oldest = this.said.keys().next().value;
      if (oldest !== undefined) this.said.delete(oldest);
    }
  }
}

function questionItem(view: QuestionView): Item {
  return {
    ...EMPTY,
    id: view.id,
    kind: "question",
    at: view.at,
    nick: view.nick,
    text: view.text,
    status: view.status ?? "waiting",
    decision: view.decision ?? "",
    votes: view.votes ?? 0,
    answer: view.answer ?? "",
    asked: true,
  };
}

function heldItem(view: HeldView): Item {
  return {
    ...EMPTY,
    id: view.id,
    kind: "held",
    at: view.at,
    nick: view.nick,
    text: view.text,
    status: view.status,
    decision: view.decision ?? "",
    author: view.viewer,
    asked: view.kind === "question",
    reasons: view.reasons ?? [],
    scores: view.scores ?? {},
    claims: view.claims ?? [],
    note: view.note ?? null,
    model: view.model ?? "",
    policy: view.policy ?? "",
    turn: view.turn ?? "",
    by: view.by ?? "",
    why: view.why ?? "",
    plain: view.plain ?? "",
    alike: view.alike ?? "",
    appeal: view.appeal ?? "",
    reports: view.reports ?? {},
    weight: view.weight ?? 0,
    restricted: view.restricted ?? "",
    until: view.until ?? 0,
  };
}

const EMPTY = {
  ...{ author: "", votes: 0, answer: "", reasons: [], scores: {}, claims: [], note: null, model: "", policy: "", turn: "", by: "" },
  ...{ why: "", plain: "", alike: "", appeal: "", reports: {}, weight: 0, restricted: "", until: 0, asked: false },
};

/** Oldest first, and behind each what says nearly the same; as `grouped` in `web/desk.py`. */
function grouped(held: Item[]): Item[] {
  const first = new Map<string, number>();
  held.forEach((item, place) => first.has(item.alike || item.id) || first.set(item.alike || item.id, place));
  const place = (item: Item) => first.get(item.alike || item.id) ?? 0;
  return [...held].sort((a, b) => place(a) - place(b));
}

function parts(id: string): [number, number] {
  const [ms, number] = id.split("-");
  return [Number(ms), Number(number ?? 0)];
}

/** Order of the log: negative if `a` came before `b`. */
function later(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  return x[0] - y[0] || x[1] - y[1];
}

function latest(a: Item, b: Item): number {
  return later(b.decision || b.id, a.decision || a.id);
}
