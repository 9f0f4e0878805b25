// The questions: votes, states, answers; and the notice to the asker of what became of theirs.

import type { Outcome, QuestionView } from "../wire";
import { isDenied, type Connection } from "./connection";
import { before, page, refusalText, t } from "./data";
import { fillCard } from "./list";
import { find, maybe, newOnce, piece, say, show } from "../page/pieces";

const RANK = { answering: 0, waiting: 1, later: 2, answered: 3, dismissed: 4 };
const TONE = { answering: "now", waiting: "", later: "waiting", answered: "done", dismissed: "" };

export class Questions {
  private readonly list = find("#question-list");
  private readonly byId = new Map<string, QuestionView>();
  private readonly elements = new Map<string, HTMLElement>();
  private voted = new Set<string>();
  private readonly asked = new Set<string>();
  private readonly told = new Map<string, string>();

  constructor(
    private readonly connection: Connection,
    private readonly answered: (text: string) => void,
  ) {
    this.list.addEventListener("submit", (event) => {
      const form = event.target as HTMLFormElement;
      const id = form.closest<HTMLElement>(".question")?.dataset["id"];
      if (!id || !this.connection.live) return; // the plain form still works
      event.preventDefault();
      void this.vote(id);
    });
  }

  /** Start over; without `voted` one's own votes stay as they are known. */
  reset(questions: QuestionView[], voted?: string[], own: Outcome[] = []): void {
    this.byId.clear();
    this.elements.clear();
    this.list.textContent = "";
    this.know(voted ?? [...this.voted], own);
    for (const question of questions) this.byId.set(question.id, question);
    this.order();
  }

  know(voted: string[], own: Outcome[]): void {
    this.voted = new Set(voted);
    for (const outcome of own) {
      if (outcome.kind === "question") this.asked.add(outcome.comment);
      if (outcome.question) this.tell(outcome.question, this.told.has(outcome.comment));
    }
  }

  update(questions: QuestionView[], gone: string[]): void {
    for (const id of gone) {
      this.byId.delete(id);
      this.elements.get(id)?.remove();
      this.elements.delete(id);
    }
    for (const question of questions) {
      const earlier = this.byId.get(question.id);
      this.byId.set(question.id, question);
      if (question.answer && question.answer !== earlier?.answer) this.answered(`${t("answer.label")} ${question.answer}`);
    }
    if (questions.length || gone.length) this.order();
  }

  /** An outcome with a question is news for its asker. */
  outcome(outcome: Outcome): void {
    if (outcome.kind === "question") this.asked.add(outcome.comment);
    if (outcome.question) this.tell(outcome.question, true);
    const element = this.elements.get(outcome.comment);
    const known = this.byId.get(outcome.comment);
    if (element && known) this.fill(element, known);
  }

  private tell(question: QuestionView, aloud: boolean): void {
    const status = question.status ?? "waiting";
    const news = `${status} ${question.answer ?? ""}`;
    const earlier = this.told.get(question.id);
    this.told.set(question.id, news);
    if (!aloud || status === "waiting" || earlier === news) return;
    const notice = piece("t-asker");
    say(notice, ".what", t(`asker.${status}`));
    say(notice, ".quoted", `“${question.text}”`);
    say(notice, ".answer-text", question.answer ? `${t("answer.label")} ${question.answer}` : "");
    find(".dismiss", notice).addEventListener("click", () => notice.remove());
    find("#asker-notices").replaceChildren(notice);
  }

  private order(): void {
    const sorted = [...this.byId.values()].sort(
      (a, b) =>
        RANK[a.status ?? "waiting"] - RANK[b.status ?? "waiting"] || (b.votes ?? 0) - (a.votes ?? 0) || before(a.id, b.id),
    );
    sorted.forEach((question, place) => {
      let element = this.elements.get(question.id);
      if (!element || (question.note && !maybe(".source-card", element))) {
        element?.remove();
        this.elements.set(question.id, (element = piece("t-question")));
      }
      this.fill(element, question);
      if (this.list.children[place] !== element) this.list.insertBefore(element, this.list.children[place] ?? null);
    });
    show(find("#no-questions"), sorted.length === 0);
    say(document, "#question-count", sorted.length ? String(sorted.length) : "");
  }

  private fill(element: HTMLElement, question: QuestionView): void {
    const status = question.status ?? "waiting";
    element.dataset["id"] = question.id;
    element.className = `question is-${status}`;
    const badge = find(".status", element);
    badge.className = `status badge ${TONE[status]}`;
    badge.textContent = t(`question.${status}`);
    say(element, ".nick", question.nick);
    say(element, ".text", question.text);
    say(element, ".answer-text", question.answer ?? "");
    const own = this.asked.has(question.id);
    const parts: [string, boolean][] = [[".answer", !!question.answer], [".badge.own", own]];
    for (const [selector, wanted] of parts) show(find(selector, element), wanted);
    fillCard(element, question.note);
    this.fillVote(element, question, own);
  }

  private fillVote(element: HTMLElement, question: QuestionView, own: boolean): void {
    const up = !this.voted.has(question.id);
    const form = find<HTMLFormElement>(".vote", element);
    find<HTMLInputElement>("[name=question]", form).value = question.id;
    find<HTMLInputElement>("[name=once]", form).value = newOnce();
    find<HTMLInputElement>("[name=up]", form).value = String(up);
    const button = find<HTMLButtonElement>("button", form);
    button.setAttribute("aria-pressed", String(!up));
    button.disabled = own || page.status !== "open";
    say(button, ".votes", String(question.votes ?? 0));
  }

  private async vote(id: string): Promise<void> {
    const question = this.byId.get(id);
    const element = this.elements.get(id);
    if (!question || !element) return;
    const up = !this.voted.has(id);
    const answer = await this.connection.ask("vote", { once: newOnce(), question: id, up });
    if (!answer) return;
    const refused = find("#vote-refused");
    refused.textContent = isDenied(answer) ? refusalText(answer.error) : "";
    show(refused, isDenied(answer));
    if (isDenied(answer)) return;
    if (up) this.voted.add(id);
    else this.voted.delete(id);
    this.fill(element, this.byId.get(id) ?? question);
  }
}
