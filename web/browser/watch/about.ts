// What a reader can do about somebody else's comment: report it to the moderators, or hide that person here.
// Hiding is this browser's alone and can be taken back under "Display".

import type { Refusal, TextKey } from "../wire";
import { isDenied, type Connection } from "./connection";
import { page, refusalText, t } from "./data";
import type { CommentList } from "./list";
import { find, maybe, memory, newOnce, piece, say, show } from "../page/pieces";

const HIDDEN_LIMIT = 100;
const KNOWN: Record<string, TextKey> = { comment: "report.again", turn: "report.kept", reports: "report.enough" };

export class About {
  private readonly dialog = find<HTMLDialogElement>("#about");
  private readonly form = find<HTMLFormElement>(".report-form", this.dialog);
  private readonly key = `hidden.${page.code}`;
  private readonly hidden = new Map(memory.read<[string, string][]>(this.key, []));
  private person = { mark: "", nick: "" };

  constructor(
    private readonly connection: Connection,
    private readonly list: CommentList,
  ) {
    this.tell();
    find("#comment-list").addEventListener("click", (event) => {
      const more = (event.target as HTMLElement).closest(".more");
      const id = more?.closest<HTMLElement>("[data-id]")?.dataset["id"];
      const comment = id ? list.said(id) : undefined;
      if (!comment || comment.viewer === list.mine) return; // the link leads to the page of this comment
      event.preventDefault();
      this.person = { mark: comment.viewer, nick: comment.nick };
      this.form.reset();
      find<HTMLInputElement>('[name="comment"]', this.form).value = comment.id;
      maybe(".about-page", this.dialog)?.setAttribute("href", `/b/${page.code}/comments/${comment.id}`);
      say(this.dialog, ".about-nick", comment.nick);
      say(this.dialog, ".about-text", comment.text);
      say(this.dialog, ".about-said", "");
      show(this.form, true);
      this.dialog.showModal();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.report();
    });
    find(".about-hide", this.dialog).addEventListener("click", () => this.hide());
  }

  hides(mark: string): boolean {
    return this.hidden.has(mark);
  }

  private async report(): Promise<void> {
    const data = new FormData(this.form);
    const command = { once: newOnce(), comment: data.get("comment"), why: data.get("why") };
    const answer = await this.connection.ask("report", command);
    if (answer === undefined) return say(this.dialog, ".about-said", t("connection.trouble"));
    say(this.dialog, ".about-said", isDenied(answer) ? this.why(answer.error) : t("report.sent"));
    show(this.form, isDenied(answer) && answer.error.code !== "conflict");
  }

  private why(refusal: Refusal): string {
    const known = refusal.code === "conflict" ? KNOWN[refusal.field ?? ""] : undefined;
    return known ? t(known) : refusalText(refusal);
  }

  private hide(): void {
    this.hidden.set(this.person.mark, this.person.nick);
    memory.write(this.key, [...this.hidden].slice(-HIDDEN_LIMIT));
    this.tell();
    this.list.hide(this.person.mark);
    this.dialog.close();
    say(document, "#announce", t("hidden.person", { nick: this.person.nick }));
  }

  private tell(): void {
    this.list.hidden = new Set(this.hidden.keys());
    const place = find("#hidden-people");
    show(place, this.hidden.size > 0);
    const rows = [...this.hidden].map(([mark, nick]) => {
      const row = piece("t-hidden");
      say(row, ".nick", nick);
      find("button", row).addEventListener("click", () => {
        this.hidden.delete(mark);
        memory.write(this.key, [...this.hidden]);
        location.reload(); // what was left out comes with the page again
      });
      return row;
    });
    find("ul", place).replaceChildren(...rows);
  }
}
