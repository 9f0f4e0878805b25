// The author's objection to what became of a comment: one sentence, once, sent over the socket.

import { isDenied, type Connection } from "./connection";
import { refusalText, t } from "./data";
import { find, newOnce, say } from "../page/pieces";

export function appeals(connection: Connection): void {
  find("#own-comments").addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches(".appeal-form") || !connection.live) return;
    event.preventDefault();
    void send(form, connection);
  });
}

async function send(form: HTMLFormElement, connection: Connection): Promise<void> {
  const data = new FormData(form);
  const command = { once: newOnce(), comment: data.get("comment"), text: data.get("text") };
  const answer = await connection.ask("appeal", command);
  const refused = answer === undefined ? t("connection.trouble") : isDenied(answer) ? refusalText(answer.error) : "";
  say(form, ".refused", refused);
  if (refused) return;
  const row = form.closest(".own-comment");
  form.closest("details")?.toggleAttribute("hidden", true);
  if (row && !find(".objection", row).textContent) say(row, ".objection", t("appeal.sent")); // the outcome may be here
}
