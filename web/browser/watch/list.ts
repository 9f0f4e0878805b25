// The list of comments: everything that was shown, in order. Pauses while the reader looks at older ones, puts
// what many say alike into one line that counts and opens, and tells screen readers how many came, not each.

import type { ShownComment } from "../wire";
import { clock } from "../page/times";
import { before, page, t } from "./data";
import { NEAR, takes } from "./lines";
import { find, keep, maybe, piece, pulse, say, setLink, show } from "../page/pieces";

const KEPT = 500;
const SUMMARY_MS = 12_000;
const NEAR_END = 48;

/** Of those who said a line, so many are listed where it is opened: the latest. */
const VOICES = 100;

interface Line {
  element: HTMLElement;
  first: ShownComment;
  members: Map<string, ShownComment>;
}

export class CommentList {
  mine = "";
  /** Marks of the people whose comments this reader hid. */
  hidden: ReadonlySet<string> = new Set();
  private readonly list = find("#comment-list");
  private readonly scroller = find("#comment-scroller");
  private readonly newest = find<HTMLButtonElement>("#newest");
  private readonly lines: Line[] = [];
  private readonly lineOf = new Map<string, Line>();
  private unseen = 0;
  private unsaid = 0;
  private following = true;
  /** Where the list stood when it last went to its end. */
  private end = 0;

  constructor() {
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.newest.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.following && this.stick()).observe(this.scroller);
    window.setInterval(() => this.summarise(), SUMMARY_MS);
  }

  /** Forget everything, then show these. */
  reset(comments: ShownComment[]): void {
    this.list.textContent = "";
    this.end = 0;
    this.lines.length = 0;
    this.lineOf.clear();
    this.add(comments, false);
    this.toEnd();
  }

  add(comments: ShownComment[], fresh = true): void {
    // The scroll event comes a moment after the scrolling: whoever has just left the end is not pulled back to it.
    if (this.scroller.scrollTop < this.end - NEAR_END) this.following = false;
    let added = 0;
    for (const comment of comments) if (this.put(comment, fresh)) added += 1;
    show(find("#no-comments"), this.lines.length === 0);
    if (!added) return;
    while (this.lines.length > KEPT && this.following) this.drop(this.lines[0]!);
    if (this.following) this.stick();
    else this.count(added);
    if (fresh) this.unsaid += added;
  }

  change(comments: ShownComment[]): void {
    for (const comment of comments) {
      const line = this.lineOf.get(comment.id);
      if (line && line.members.size > 1) this.remove([comment.id]); // a source card, say, wants a line of its own
      if (line && line.members.size === 1 && line.first.id === comment.id) {
        line.members.set(comment.id, (line.first = comment));
        this.redraw(line);
      } else this.add([comment], false);
    }
  }

  remove(ids: string[]): void {
    for (const id of ids) {
      const line = this.lineOf.get(id);
      if (!line) continue;
      this.lineOf.delete(id);
      line.members.delete(id);
      if (line.members.size === 0) this.drop(line);
      else if (line.first.id !== id) this.times(line);
      else {
        line.first = [...line.members.values()][0]!;
        this.redraw(line);
      }
    }
    show(find("#no-comments"), this.lines.length === 0);
  }

  /** Take away what somebody said, as this reader wishes. */
  hide(mark: string): void {
    this.remove(this.lines.flatMap((line) => [...line.members.values()].filter((one) => one.viewer === mark)).map((one) => one.id));
  }

  /** One of the comments of a line. */
  said(id: string): ShownComment | undefined {
    return this.lineOf.get(id)?.members.get(id);
  }

  /** True if it was not there before. */
  private put(comment: ShownComment, fresh: boolean): boolean {
    if (this.lineOf.has(comment.id) || this.hidden.has(comment.viewer)) return false;
    const same = this.alike(comment);
    if (same) {
      same.members.set(comment.id, comment);
      this.lineOf.set(comment.id, same);
      this.times(same);
      if (fresh) pulse(find(".times", same.element));
      return true;
    }
    const line = { element: this.draw(comment), first: comment, members: new Map([[comment.id, comment]]) };
    line.element.classList.toggle("fresh", fresh);
    let place = this.lines.length;
    while (place > 0 && before(this.lines[place - 1]!.first.shown, comment.shown) > 0) place -= 1;
    this.list.insertBefore(line.element, this.lines[place]?.element ?? null);
    this.lines.splice(place, 0, line);
    this.lineOf.set(comment.id, line);
    return true;
  }

  private alike(comment: ShownComment): Line | undefined {
    return this.lines.slice(-NEAR).find(({ first }) => takes(first, comment, this.mine));
  }

  /** A line that begins with somebody else now, or says something else. */
  private redraw(line: Line): void {
    const open = maybe<HTMLDetailsElement>(".chorus", line.element)?.open ?? false;
    line.element.replaceWith((line.element = this.draw(line.first)));
    this.times(line);
    if (open && line.members.size > 1) find<HTMLDetailsElement>(".chorus", line.element).open = true;
  }

  private draw(comment: ShownComment): HTMLElement {
    const element = piece("t-comment");
    element.dataset["id"] = comment.id;
    const face = find(".face", element);
    face.textContent = Array.from(comment.nick)[0] ?? "";
    face.dataset["hue"] = comment.viewer[0] ?? "0";
    say(element, ".nick", comment.nick);
    say(element, ".clock", clock(comment.at));
    say(element, ".text", comment.text);
    const own = comment.viewer === this.mine;
    element.classList.toggle("own", own);
    show(find(".by .own", element), own);
    keep(element, ".simulated", comment.simulated === true);
    keep(element, ".asks", comment.kind === "question");
    fillCard(element, comment.note);
    const more = find<HTMLAnchorElement>(".more", element);
    more.href = `/b/${page.code}/comments/${comment.id}`;
    if (own) for (const name of ["title", "aria-label"]) more.setAttribute(name, t("own.more")); // on the comment's page it can be taken back, and its source card objected to
    return element;
  }

  /** How many said it; who, where the reader has opened it. */
  private times(line: Line): void {
    const chorus = find<HTMLDetailsElement>(".chorus", line.element);
    const { size } = line.members;
    show(chorus, size > 1);
    say(chorus, ".times", `×${size}`);
    say(chorus, ".times-words", t("comment.count", { n: size }));
    chorus.ontoggle = () => this.voices(line);
    this.voices(line);
  }

  /** What stands there already stays: the reader may be on one of its links. */
  private voices(line: Line): void {
    const chorus = find<HTMLDetailsElement>(".chorus", line.element);
    if (!chorus.open) return;
    const list = find("ol", chorus);
    const wanted = new Map([...line.members.values()].slice(1).slice(-VOICES).map((one) => [one.id, one]));
    for (const there of list.querySelectorAll<HTMLElement>("[data-id]"))
      if (!wanted.delete(there.dataset["id"] ?? "")) there.remove();
    list.append(...[...wanted.values()].map((one) => this.voice(one)));
  }

  private voice(comment: ShownComment): HTMLElement {
    const element = piece("t-voice");
    element.dataset["id"] = comment.id;
    say(element, ".nick", comment.nick);
    say(element, ".voice-text", comment.text);
    find<HTMLAnchorElement>(".more", element).href = `/b/${page.code}/comments/${comment.id}`;
    return element;
  }

  private drop(line: Line): void {
    line.element.remove();
    for (const id of line.members.keys()) this.lineOf.delete(id);
    const place = this.lines.indexOf(line);
    if (place >= 0) this.lines.splice(place, 1);
  }

  private scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.following) this.count(-this.unseen);
  }

  private count(more: number): void {
    this.unseen += more;
    show(this.newest, this.unseen > 0);
    if (this.unseen > 0) say(this.newest, "span", t(this.unseen === 1 ? "new.one" : "new.many", { n: this.unseen }));
  }

  private toEnd(): void {
    this.count(-this.unseen);
    this.following = true;
    this.stick();
  }

  stick(): void {
    if (!this.following) return;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.end = this.scroller.scrollTop;
  }

  private summarise(): void {
    if (!this.unsaid) return;
    say(document, "#announce", t(this.unsaid === 1 ? "new.one" : "new.many", { n: this.unsaid }));
    this.unsaid = 0;
  }
}

/** Fill, or take away, the source card inside `root`. */
export function fillCard(root: HTMLElement, note: ShownComment["note"]): void {
  const card = maybe(".source-card", root);
  if (!card) return;
  if (!note) return card.remove();
  say(card, ".fact", page.language === "zh" ? note.fact_zh : note.fact_en);
  setLink(find<HTMLAnchorElement>(".source", card), note.url, note.source);
}
