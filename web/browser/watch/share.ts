// Copy the broadcast's link; the field beside it is there for browsers that do not let us.

import { t } from "./data";
import { find, say } from "../page/pieces";

export function share(): void {
  const button = find("#copy");
  const address = find<HTMLInputElement>("#address");
  address.addEventListener("focus", () => address.select());
  button.addEventListener("click", () => void copy(button, address));
}

async function copy(button: HTMLElement, address: HTMLInputElement): Promise<void> {
  address.select();
  try {
    await navigator.clipboard.writeText(address.value);
  } catch {
    return; // it is selected: the reader's own copy command works
  }
  say(button, "span", t("share.copied"));
  window.setTimeout(() => say(button, "span", t("share.copy")), 2_500);
}
