// Times in the reader's own zone and way of writing; the server writes UTC for pages without scripts.

export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString(timeStyle(), { hour: "2-digit", minute: "2-digit" });
}

/** The reader's own way of writing times where it is the page's language, else that language's. */
function timeStyle(): string {
  const shown = document.documentElement.lang;
  return navigator.languages.find((language) => language.slice(0, 2) === shown.slice(0, 2)) ?? shown;
}

/** Times that the server wrote in UTC, in the reader's own zone. */
export function localTimes(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime()) || !time.dateTime.includes("T")) continue;
    time.textContent =
      "long" in time.dataset
        ? at.toLocaleString(timeStyle(), { dateStyle: "medium", timeStyle: "short" })
        : clock(at.getTime());
  }
}
