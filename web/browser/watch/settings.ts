// How the reader wants the comments over the picture; remembered. Less motion wished: off, until switched on by hand.

import { t } from "./data";
import { find, memory, show } from "../page/pieces";

export interface DanmakuSettings {
  on: boolean;
  opacity: number;
  size: number;
  speed: number;
  area: number;
}

const DEFAULTS: DanmakuSettings = { on: true, opacity: 90, size: 22, speed: 10, area: 0.8 };
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");

export class Settings {
  private wished: DanmakuSettings = { ...DEFAULTS, ...memory.read<Partial<DanmakuSettings>>("danmaku", {}) };
  private evenSo = false;
  private readonly toggle = find("#danmaku-toggle");
  private readonly form = find<HTMLFormElement>("#danmaku-settings");

  constructor(private readonly changed: (settings: DanmakuSettings) => void) {
    for (const name of ["opacity", "size", "speed", "area"] as const) {
      const input = find<HTMLInputElement>(`[name=${name}]`, this.form);
      input.value = String(this.wished[name]);
      input.addEventListener("change", () => this.set({ [name]: Number(input.value) }));
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.toggle.addEventListener("click", () => this.flip());
    CALM.addEventListener("change", () => this.tell());
    tameMenus();
  }

  get current(): DanmakuSettings {
    return { ...this.wished, on: this.wished.on && (!CALM.matches || this.evenSo) };
  }

  tell(): void {
    const { on } = this.current;
    this.toggle.setAttribute("aria-pressed", String(on));
    const note = find("#danmaku-note");
    show(note, CALM.matches && !on);
    note.textContent = t("danmaku.reduced");
    this.changed(this.current);
  }

  private flip(): void {
    const on = !this.current.on;
    this.evenSo = on;
    this.set({ on });
  }

  private set(some: Partial<DanmakuSettings>): void {
    this.wished = { ...this.wished, ...some };
    memory.write("danmaku", this.wished);
    this.tell();
  }
}

/** Open menus go where there is room; they close with Escape, with a press outside, and when another one opens. */
function tameMenus(): void {
  const menus = [...document.querySelectorAll<HTMLDetailsElement>("details.menu")];
  for (const menu of menus) menu.addEventListener("toggle", () => place(menu));
  const closeAllBut = (kept: Node | null): void => {
    for (const menu of menus) if (menu.open && !(kept && menu.contains(kept))) menu.open = false;
  };
  document.addEventListener("pointerdown", (event) => closeAllBut(event.target as Node));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = menus.find((menu) => menu.open);
    closeAllBut(null);
    open?.querySelector<HTMLElement>("summary")?.focus();
  });
}

function place(menu: HTMLDetailsElement): void {
  menu.classList.remove("up");
  if (!menu.open) return;
  const { top } = menu.getBoundingClientRect();
  const body = find(".menu-body", menu).getBoundingClientRect();
  menu.classList.toggle("up", body.bottom > window.innerHeight && top > body.height);
}
