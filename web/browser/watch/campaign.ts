// The campaign tab: logging a trip without leaving, one's own trips, the rankings as they move.

import type { CampaignView } from "../wire";
import { isDenied, type Connection } from "./connection";
import { page, refusalText, t, type Mine, type Trip } from "./data";
import { find, maybe, newOnce, piece, say, show } from "../page/pieces";

const SHOWN_TEAMS = 10;
const SHOWN_TRIPS = 5;
const TONE = { counted: "done", review: "held", rejected: "refused", withdrawn: "" };

export class Campaign {
  private mine: Mine;
  private view: CampaignView | undefined;
  private waiting: { once: string; act: string } | undefined;
  private readonly form: HTMLFormElement | null;

  constructor(
    private readonly root: HTMLElement,
    private readonly id: string,
    private readonly connection: Connection,
  ) {
    this.mine = page.mine[id] ?? {};
    this.view = page.campaigns.find((view) => view.id === id);
    this.form = maybe<HTMLFormElement>("form.act", root);
    this.form?.addEventListener("submit", (event) => void this.log(event));
    for (const button of root.querySelectorAll<HTMLButtonElement>(".switch button"))
      button.addEventListener("click", () => this.rankBy(button.dataset["board"] ?? ""));
    this.rankBy(maybe<HTMLElement>(".switch button", root)?.dataset["board"] ?? "");
    if (this.view) this.update(this.view);
  }

  update(view: CampaignView): void {
    this.view = view;
    for (const figure of view.figures ?? []) {
      const target = maybe(`[data-figure="${figure.name}"]`, this.root);
      if (!target) continue;
      const range = figure.low != null && figure.high != null;
      target.textContent = range
        ? `${number(figure.low!, 1)} – ${number(figure.high!, 1)} kg`
        : number(figure.value, 0);
    }
    for (const ranking of this.root.querySelectorAll<HTMLElement>(".ranking")) this.rank(ranking, view);
  }

  private rank(ranking: HTMLElement, view: CampaignView): void {
    const board = ranking.dataset["board"] ?? "";
    const rows = view.rankings?.[board] ?? [];
    const own = this.mine.trips?.length ? this.mine.team : undefined;
    const best = rows[0]?.values?.[board] ?? 0;
    const list = find(".ranks", ranking);
    const known = new Map([...list.children].map((child) => [(child as HTMLElement).dataset["member"] ?? "", child as HTMLElement]));
    const wanted = rows.filter((row) => row.rank <= SHOWN_TEAMS || row.member === own);
    list.replaceChildren(
      ...wanted.map((row) => {
        let line = known.get(row.member);
        if (!line || !maybe(".badge.own", line)) line = piece("t-rank");
        line.dataset["member"] = row.member;
        line.classList.toggle("mine", row.member === own);
        show(find(".badge.own", line), row.member === own);
        say(line, ".place", String(row.rank));
        say(line, ".team", row.member === "open" ? t("campaign.open_team") : row.member);
        const value = row.values?.[board] ?? 0;
        say(line, ".value", `${number(value, 1)} ${ranking.dataset["unit"] ?? ""}`);
        find(".bar span", line).style.width = `${best ? (100 * value) / best : 0}%`;
        return line;
      }),
    );
    const empty = maybe(".empty", ranking);
    if (empty) show(empty, rows.length === 0);
  }

  private rankBy(board: string): void {
    for (const button of this.root.querySelectorAll<HTMLElement>(".switch button"))
      button.setAttribute("aria-pressed", String(button.dataset["board"] === board));
    for (const ranking of this.root.querySelectorAll<HTMLElement>(".ranking"))
      show(ranking, ranking.dataset["board"] === board);
  }

  private async log(event: Event): Promise<void> {
    const form = this.form;
    if (!form || !this.connection.live) return; // the plain form works without a socket
    event.preventDefault();
    const act = Object.fromEntries(
      [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]).filter(
        ([name, value]) => value !== "" && name !== "once" && name !== "campaign",
      ),
    ) as Record<string, string>;
    const text = JSON.stringify(act);
    if (this.waiting?.act !== text) this.waiting = { once: newOnce(), act: text };
    say(form, ".refused", "");
    this.saved(t("campaign.saving"), false);
    const answer = await this.connection.ask("campaign", { once: this.waiting.once, campaign: this.id, act });
    if (answer === undefined) return this.refuse(t("refusal.unavailable"));
    if (isDenied(answer)) return this.refuse(refusalText(answer.error));
    this.waiting = undefined;
    this.know((answer.mine ?? {}) as Mine);
    const latest = this.mine.trips?.find((trip) => trip.id === answer.id) ?? this.mine.trips?.[0];
    this.sayLogged(latest, answer.repeated === true);
    find<HTMLInputElement>("[name=km]", form).value = "";
    find<HTMLInputElement>("[name=minutes]", form).value = "";
  }

  private sayLogged(trip: Trip | undefined, repeated: boolean): void {
    if (repeated) return this.saved(t("campaign.repeated"), false);
    if (!trip || trip.status === "counted") {
      const range = trip ? ` ${rangeOf(trip)}` : "";
      return this.saved(t("campaign.logged") + range, false);
    }
    this.saved(`${t("campaign.review")} ${reasonsOf(trip)}`, true);
  }

  private know(mine: Mine): void {
    this.mine = mine;
    const trips = mine.trips ?? [];
    show(find(".my-trips", this.root), trips.length > 0);
    find(".trips", this.root).replaceChildren(...trips.slice(0, SHOWN_TRIPS).map(drawTrip));
    if (this.view) this.update(this.view);
  }

  private refuse(words: string): void {
    this.saved("", false);
    if (this.form) say(this.form, ".refused", words);
  }

  private saved(words: string, review: boolean): void {
    const line = this.form && maybe(".saved", this.form);
    if (!line) return;
    line.textContent = words;
    line.classList.toggle("review", review);
  }
}

function drawTrip(trip: Trip): HTMLElement {
  const line = piece("t-trip");
  say(line, ".date", trip.date);
  say(line, ".mode", page.modes[trip.mode]?.[page.language] ?? trip.mode);
  say(line, ".km", `${number(trip.km, 1)} km`);
  const badge = find(".status", line);
  badge.textContent = t(`campaign.status.${trip.status}`);
  badge.className = `status badge ${TONE[trip.status]}`;
  say(line, ".range", trip.status === "counted" ? rangeOf(trip) : "");
  say(line, ".why", trip.status === "review" ? reasonsOf(trip) : "");
  return line;
}

function rangeOf(trip: Trip): string {
  return t("campaign.range", { low: number(trip.co2e_low, 1), high: number(trip.co2e_high, 1) });
}

function reasonsOf(trip: Trip): string {
  return trip.reasons.map((reason) => reason[page.language]).join(" ");
}

function number(value: number, digits: number): string {
  return value.toFixed(digits);
}
