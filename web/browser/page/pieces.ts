// Small ways to find and fill what the server rendered. Texts only: nothing here ever parses markup.

export function find<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

export function maybe<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T | null {
  return root.querySelector<T>(selector);
}

/** A copy of the one element in the page's <template id>. */
export function piece(id: string): HTMLElement {
  const first = find<HTMLTemplateElement>(`#${id}`).content.firstElementChild;
  if (!first) throw new Error(`the template ${id} is empty`);
  return document.importNode(first, true) as HTMLElement;
}

export function say(root: ParentNode, selector: string, text: string): void {
  const target = maybe(selector, root);
  if (target && target.textContent !== text) target.textContent = text;
}

/** Keep the element only where it is wanted; returns it if so. */
export function keep(root: ParentNode, selector: string, wanted: boolean): HTMLElement | null {
  const target = maybe(selector, root);
  if (!wanted) target?.remove();
  return wanted ? target : null;
}

export function show(element: HTMLElement, wanted: boolean): void {
  if (element.hidden === wanted) element.hidden = !wanted;
}

/** A short swell that says "this has grown"; nothing where the reader wants no motion. */
export function pulse(element: HTMLElement): void {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  element.animate([{ transform: "scale(1.25)" }, { transform: "none" }], 200);
}

/** Only addresses of the web are followed, whatever a note says. */
export function setLink(link: HTMLAnchorElement, address: string, label: string): void {
  link.textContent = label;
  if (/^https?:\/\//i.test(address)) link.href = address;
  else link.removeAttribute("href");
}

/** What this browser remembers; a browser that keeps nothing works all the same. */
export const memory = {
  read<T>(key: string, fallback: T): T {
    try {
      const kept = localStorage.getItem(`streamhub.${key}`);
      return kept === null ? fallback : (JSON.parse(kept) as T);
    } catch {
      return fallback;
    }
  },
  write(key: string, value: unknown): void {
    try {
      localStorage.setItem(`streamhub.${key}`, JSON.stringify(value));
    } catch {
      // Private windows may refuse; nothing depends on it.
    }
  },
};

export function newOnce(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // pages without https have no randomUUID
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
