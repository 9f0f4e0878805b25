// The host's desk, live: follows the broadcast over the socket, sends moves and decisions, listens to the keys.
// Without it (or without a connection) the same page works as plain forms.

import { io } from "socket.io-client";

import { Card } from "./host/card";
import { listenToKeys } from "./host/keys";
import { List } from "./host/list";
import { LANES, Model, type Lane, type Sort } from "./host/model";
import { Picked } from "./host/picked";
import { ages } from "./host/slots";
import { tellStatus } from "./host/status";
import { Toast } from "./host/toast";
import { refusalText, say, words } from "./host/words";
import type { Accepted, Batch, Denied, Joined, Review } from "./wire";

const ANSWER_MS = 8000;
/** Comments that are decided together: as many as the desk lists. */
const AT_ONCE = 200;
const desk = document.getElementById("desk") as HTMLElement;
const code = desk.dataset["code"] ?? "";
const link = document.getElementById("link") as HTMLElement;

const model = new Model();
const list = new List(model, (desk.dataset["lane"] ?? "questions") as Lane, (desk.dataset["sort"] ?? "votes") as Sort);
const card = new Card(model, code);
const toast = new Toast((decisions) => decisions.split(",").forEach((decision) => send("undo", { decision })));
const picked = new Picked();
const hosts = desk.dataset["hosts"] === "yes";
const socket = io({ transports: ["websocket", "polling"] });
let live = false;

// ── in ──

socket.on("connect", () => {
  const after = model.epoch ? { after: model.asOf, epoch: model.epoch } : {};
  socket.emit("join", { broadcast: code, last: 500, ...after }, (answer: Joined | Denied) => {
    if ("error" in answer) {
      link.textContent = say("failed", { why: refusalText(answer.error) });
      return;
    }
    const first = !live;
    live = true;
    model.joined(answer);
    link.textContent = "";
    if (first) begin();
    else update();
  });
});
socket.on("disconnect", () => {
  link.textContent = say("lost");
});
socket.on("connect_error", () => {
  link.textContent = say("lost");
});
socket.on("batch", (frame: Batch) => {
  model.batch(frame);
  update();
});
socket.on("review", (frame: Review) => {
  model.review(frame);
  update();
});

function begin(): void {
  list.reload();
  const there = list.ids.includes(card.id);
  choose(there ? card.id : (list.ids[0] ?? ""), false);
  update();
}

function update(): void {
  list.refresh();
  list.select(card.id);
  if (card.id) card.refresh();
  else if (list.ids[0]) choose(list.ids[0], false);
  const counts = model.counts();
  for (const lane of LANES) {
    const count = document.querySelector<HTMLElement>(`[data-count="${lane}"]`);
    if (count) count.textContent = String(counts[lane]);
    count?.classList.toggle("attention", lane === "held" && counts.held > 0);
  }
  picked.tell(list.lane === "held" && list.ids.length > 0);
  const open = (hosts ? counts.questions : 0) + counts.held;
  document.title = (open ? `(${open}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  tellStatus(model);
}

// ── what is shown ──

function choose(id: string, byHost = true): void {
  if (id !== card.id || !card.element) card.open(id);
  list.select(id);
  if (!byHost) return;
  desk.classList.toggle("opened", Boolean(id));
  remember();
}

function go(lane: Lane): void {
  list.lane = lane;
  for (const tab of document.querySelectorAll<HTMLElement>(".lanes [data-lane]")) {
    if (tab.dataset["lane"] === lane) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  document.getElementById("list")?.setAttribute("aria-label", words.lane[lane] ?? "");
  (document.getElementById("sorting") as HTMLElement).hidden = lane !== "questions";
  (document.getElementById("order") as HTMLElement).textContent = words.order[lane] ?? "";
  desk.classList.remove("opened");
  list.reload();
  choose(list.ids[0] ?? "", false);
  remember();
}

function resort(sort: Sort): void {
  list.sort = sort;
  for (const choice of document.querySelectorAll<HTMLElement>("[data-sort]")) {
    if (choice.dataset["sort"] === sort) choice.setAttribute("aria-current", "true");
    else choice.removeAttribute("aria-current");
  }
  list.reload();
  list.select(card.id);
  remember();
}

/** The address says what is shown, so that reloading or changing the language keeps it. */
function remember(): void {
  const query = new URLSearchParams({ show: list.lane, sort: list.sort, ...(card.id ? { item: card.id } : {}) });
  history.replaceState(null, "", `?${query}`);
  for (const link of document.querySelectorAll<HTMLAnchorElement>('a[href^="/language"]')) {
    const address = new URL(link.href);
    address.searchParams.set("next", location.pathname + location.search);
    link.href = address.pathname + address.search;
  }
}

function step(by: number): void {
  const place = list.ids.indexOf(card.id);
  const next = list.ids[Math.min(Math.max(place + by, 0), list.ids.length - 1)];
  if (next) choose(next);
}

// ── out ──

function send(act: string, fields: Record<string, string>): void {
  const place = list.ids.indexOf(card.id);
  const item = model.find(fields["comment"] ?? "");
  if (act === "decide" && fields["alike"] && item) {
    delete fields["alike"];
    void decideAll([item, ...model.alike(item)].map(({ id, turn }) => ({ ...fields, comment: id, turn })), place);
    return;
  }
  void ask(act, fields).then((answer) => answer && accepted(act, fields, answer.id, place));
}

/** The acknowledgement, or undefined after saying why there is none. */
async function ask(act: string, fields: Record<string, string>): Promise<Accepted | undefined> {
  let answer: Accepted | Denied;
  try {
    answer = (await socket.timeout(ANSWER_MS).emitWithAck(act, { once: mark(), ...fields })) as Accepted | Denied;
  } catch {
    announce(say("failed", { why: say("lost") }), true);
    return undefined;
  }
  if (!("error" in answer)) return answer;
  announce(say("failed", { why: refusalText(answer.error) }), true);
  if (answer.error.code === "conflict" && fields["comment"] === card.id) card.open(card.id);
  return undefined;
}

/** The same for several comments; what somebody else had decided meanwhile stays as it is and is said. */
async function decideAll(decisions: Record<string, string>[], place: number): Promise<void> {
  const made: string[] = [];
  const status = decisions[0]?.["action"] === "reject" ? "rejected" : "shown";
  for (const fields of decisions.slice(0, AT_ONCE)) {
    const id = fields["comment"] ?? "";
    const answer = await ask("decide", fields);
    if (!answer) continue;
    made.push(answer.id);
    model.judged(id, status, answer.id);
    list.settle(id);
  }
  const said = say("done_many", { count: made.length });
  if (made.length) toast.offer(made.join(","), `${words.badge[status] ?? status}:`, said);
  if (made.length === decisions.length) announce(`${words.badge[status] ?? status}: ${said}`);
  moveOn(place);
}

function accepted(act: string, fields: Record<string, string>, decision: string, place: number): void {
  if (act === "undo") {
    announce(say("undone"));
    return;
  }
  if (act === "restrict") {
    announce(say("restricted", { what: (words.effect[fields["effect"] ?? ""] ?? "").replace("%(until)s", "").trim() }));
    card.element?.querySelector("details.restrict")?.removeAttribute("open");
    return;
  }
  const id = fields["question"] ?? fields["comment"] ?? "";
  const status = fields["to"] ?? (fields["action"] === "reject" ? "rejected" : "shown");
  const text = model.find(id)?.text ?? "";
  if (act === "move") model.moved(id, status, fields["answer"] ?? "", decision);
  else model.judged(id, status, decision);
  toast.offer(decision, `${words.badge[status] ?? status}:`, text);
  announce(`${words.badge[status] ?? status}: ${text}`);
  list.settle(id);
  moveOn(place);
}

/** What was decided has left the list: show what stands in its place. */
function moveOn(place: number): void {
  if (!list.ids.includes(card.id)) {
    choose(list.ids[Math.min(place, list.ids.length - 1)] ?? "", false);
    desk.classList.remove("opened");
  }
  update();
}

function announce(text: string, failed = false): void {
  const said = document.getElementById("said") as HTMLElement;
  said.textContent = text;
  said.classList.toggle("notice", failed);
  said.classList.toggle("refused", failed);
  said.classList.toggle("visually-hidden", !failed);
}

/** Unique for one press; `crypto.randomUUID` is missing on plain http. */
function mark(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
}

// ── the page ──

desk.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (form.id === "bulk" && live && socket.connected) {
    event.preventDefault();
    const action = (event.submitter as HTMLButtonElement | null)?.value ?? "";
    void decideAll(picked.taken().map(([comment, turn]) => ({ comment, turn, action })), list.ids.indexOf(card.id));
    return;
  }
  const act = form.dataset["act"];
  if (!act || !live || !socket.connected) return;
  event.preventDefault();
  const fields: Record<string, string> = {};
  for (const [name, value] of new FormData(form, event.submitter)) {
    if (typeof value === "string" && !["once", "show", "sort"].includes(name)) fields[name] = value;
  }
  if (act === "decide" && fields["action"] !== "annotate") {
    for (const name of ["claim", "fact", "source", "url"]) delete fields[name];
  }
  send(act, fields);
});

desk.addEventListener("click", (event) => {
  if (!live || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = (event.target as HTMLElement).closest<HTMLElement>("a, button");
  const lane = target?.closest(".lanes") ? target.dataset["lane"] : undefined;
  if (lane) go(lane as Lane);
  else if (target?.dataset["sort"]) resort(target.dataset["sort"] as Sort);
  else if (target?.matches(".item")) choose(target.closest("li")?.dataset["id"] ?? "");
  else if (target?.matches(".back")) desk.classList.remove("opened");
  else if (target?.dataset["choose"]) card.choose(target.dataset["choose"]);
  else if (target?.id === "fresh") reveal();
  else if (target?.id === "help") shortcuts.showModal();
  else return;
  event.preventDefault();
});

function reveal(): void {
  list.reload();
  list.select(card.id);
  if (!card.id) choose(list.ids[0] ?? "", false);
}

desk.addEventListener("change", (event) => {
  if ((event.target as HTMLElement).matches('select[name="claim"]')) card.preview();
});

const shortcuts = document.getElementById("shortcuts") as HTMLDialogElement;
(document.getElementById("help") as HTMLElement).hidden = false;
listenToKeys(desk, () => card.element, step, {
  "?": () => shortcuts.showModal(),
  v: () => {
    if (picked.toggle(card.id)) step(1);
  },
});
window.setInterval(() => ages(document), 15_000);
ages(document);
