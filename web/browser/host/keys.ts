// One key for each act, as written on its button (`aria-keyshortcuts`). Single keys can be switched off, as
// speech input and some hands need; the choice is remembered on this browser.

const REMEMBERED = "streamhub-host-keys";
const toggle = document.getElementById("keys") as HTMLButtonElement;

/** `more`: what keys do that stand on no button. */
export function listenToKeys(
  desk: HTMLElement,
  card: () => HTMLElement | null,
  step: (by: number) => void,
  more: Record<string, () => void>,
): void {
  let on = read() !== "off";
  const show = () => {
    toggle.hidden = false;
    toggle.setAttribute("aria-pressed", String(on));
    desk.classList.toggle("no-keys", !on);
  };
  toggle.addEventListener("click", () => {
    on = !on;
    write(on ? "on" : "off");
    show();
  });
  show();

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    const target = event.target as HTMLElement;
    const typing = target.matches("input:not([type=checkbox]), textarea, select");
    if (document.querySelector("dialog[open]")) return;
    if (target.matches("textarea") && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      press(card(), "d");
    } else if (typing && event.key === "Escape") {
      target.blur();
    } else if (!typing && on && !event.ctrlKey && !event.metaKey) {
      const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
      if (by !== undefined) step(by);
      const act = more[event.key];
      act?.();
      const key = (event.shiftKey ? "shift+" : "") + event.key.toLowerCase();
      if (by !== undefined || act || pressAnywhere(desk, card(), key)) event.preventDefault();
    }
  });
}

/** The corner's undo first, then the selected item's buttons, then the page's. */
function pressAnywhere(desk: HTMLElement, card: HTMLElement | null, key: string): boolean {
  if (!/^(shift\+)?[a-z1-9]$/.test(key)) return false;
  const toast = document.getElementById("toast");
  return press(toast && !toast.hidden ? toast : null, key) || press(card, key) || press(desk, key);
}

function press(root: HTMLElement | null, key: string): boolean {
  for (const found of root?.querySelectorAll<HTMLElement>(`[aria-keyshortcuts="${key}"]`) ?? []) {
    if (found.closest("[hidden]")) continue;
    if (found.matches("textarea, select, input:not([type=checkbox])")) found.focus();
    else found.click();
    return true;
  }
  return false;
}

function read(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // storage is blocked: the keys are on
  }
}

function write(value: string): void {
  try {
    localStorage.setItem(REMEMBERED, value);
  } catch {
    return; // storage is blocked: the choice lasts as long as the page
  }
}
