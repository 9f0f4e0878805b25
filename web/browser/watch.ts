// The viewer's page comes to life: builds the parts over what the server rendered and hands frames to them.

import type { Batch, BroadcastView, CampaignView, Joined, Outcome } from "./wire";
import { find, maybe, say, show } from "./page/pieces";
import { localTimes } from "./page/times";
import { Campaign } from "./watch/campaign";
import { About } from "./watch/about";
import { appeals } from "./watch/appeals";
import { Composer } from "./watch/composer";
import { Connection } from "./watch/connection";
import { Danmaku } from "./watch/danmaku";
import { page, t } from "./watch/data";
import { CommentList } from "./watch/list";
import { Outbox } from "./watch/outbox";
import { Questions } from "./watch/questions";
import { Settings } from "./watch/settings";
import { share } from "./watch/share";
import { openStage } from "./watch/stage";
import { makeTabs } from "./watch/tabs";

const connection = new Connection({ joined, batch, outcome, campaign, people });
const list = new CommentList();
const settings = new Settings((changed) => danmaku.apply(changed));
const danmaku = new Danmaku(settings.current);
const questions = new Questions(connection, (text) => danmaku.answer(text));
const composer = new Composer(() => outbox);
const outbox = new Outbox(connection, (kept, refusal) => composer.refused(kept, refusal));
const about = new About(connection, list);
const campaigns = new Map(
  [...document.querySelectorAll<HTMLElement>("[data-campaign]")].map((root) => {
    const id = root.dataset["campaign"] ?? "";
    return [id, new Campaign(root, id, connection)] as const;
  }),
);

localTimes();
settings.tell();
makeTabs((section) => {
  show(find("#writing"), section !== "campaign");
  composer.mode(section === "questions" ? "question" : "comment");
  if (section === "comments") list.stick();
});
openStage();
share();
appeals(connection);
connection.open();

function joined(answer: Joined, first: boolean): void {
  list.mine = danmaku.mine = answer.mark;
  const own = answer.own ?? [];
  if (answer.batch.reset) replace(answer.batch, own, answer.voted ?? []);
  else {
    questions.know(answer.voted ?? [], own);
    change(answer.batch, false);
  }
  for (const one of own) outbox.outcome(one, !first);
  for (const view of answer.campaigns ?? []) campaign(view);
  void outbox.flush();
}

function batch(changed: Batch): void {
  if (changed.reset) replace(changed, []);
  else change(changed, true);
}

/** Everything anew: the first visit, or a log that is not the one we knew. */
function replace(whole: Batch, own: Outcome[], voted?: string[]): void {
  if (whole.broadcast) broadcast(whole.broadcast);
  list.reset(whole.comments ?? []);
  questions.reset(whole.questions ?? [], voted, own);
}

/** What changed; only what is new right now crosses the picture. */
function change(changed: Batch, now: boolean): void {
  if (changed.broadcast) broadcast(changed.broadcast);
  const comments = changed.comments ?? [];
  list.add(comments);
  list.change(changed.changed ?? []);
  list.remove(changed.gone ?? []);
  danmaku.remove(changed.gone ?? []);
  questions.update(changed.questions ?? [], changed.gone ?? []);
  if (now) for (const comment of comments) if (!about.hides(comment.viewer)) danmaku.fly(comment);
}

function outcome(one: Outcome): void {
  outbox.outcome(one, true);
  questions.outcome(one);
}

function campaign(view: CampaignView): void {
  campaigns.get(view.id)?.update(view);
}

function people(count: number): void {
  say(document, "#people", count === 1 ? t("people.one") : t("people.many", { n: count }));
}

function broadcast(view: BroadcastView): void {
  page.status = view.status;
  const badge = find("#status");
  badge.textContent = t(`status.${view.status as "scheduled" | "open" | "closed"}`);
  badge.className = `badge ${{ open: "open", scheduled: "waiting" }[view.status] ?? ""}`;
  show(find("#curtain"), view.status !== "open");
  for (const status of ["scheduled", "closed"]) {
    const words = maybe(`.curtain-${status}`);
    if (words) show(words, view.status === status);
  }
  say(document, ".headline h1", view.title);
  composer.status(view.status);
}
