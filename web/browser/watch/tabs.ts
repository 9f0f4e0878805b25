// Sections become tabs: anchors get the roles, arrow keys move, the address keeps the choice.

import { find, maybe, show } from "../page/pieces";

export function makeTabs(chosen: (section: string) => void): void {
  const bar = find("#tabs");
  const tabs = [...bar.querySelectorAll<HTMLAnchorElement>("a")];
  bar.setAttribute("role", "tablist");
  const choose = (tab: HTMLAnchorElement): void => {
    for (const other of tabs) {
      const is = other === tab;
      other.setAttribute("aria-selected", String(is));
      other.tabIndex = is ? 0 : -1;
      show(find(other.hash), is);
    }
    chosen(tab.hash.slice(1));
  };
  for (const tab of tabs) {
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", tab.hash.slice(1));
    const panel = find(tab.hash);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", tab.hash);
      choose(tab);
    });
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -tabs.length, End: tabs.length }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const at = tabs.indexOf(tab);
      const wrapped = Math.abs(step) === 1 ? (at + step + tabs.length) % tabs.length : step < 0 ? 0 : tabs.length - 1;
      const target = tabs[wrapped]!;
      target.focus();
      target.click();
    });
  }
  const wanted = location.hash.length > 1 && maybe(`#tabs a[href="${CSS.escape(location.hash).replace(/^\\#/, "#")}"]`);
  choose((wanted || tabs[0]) as HTMLAnchorElement);
}
