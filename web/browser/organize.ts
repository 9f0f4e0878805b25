// Small helps on the organizer's pages: copy a link, times in the reader's own zone, the browser's zone in forms.
// Everything works without them.

const moments = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });

for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-moment]")) {
  time.textContent = moments.format(Number(time.dataset["moment"]));
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
  const field = document.getElementById(button.dataset["copy"] ?? "") as HTMLInputElement | null;
  const [copy, copied] = button.querySelectorAll<HTMLElement>("span");
  if (!field || !copy || !copied) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!(await put(field))) return;
    copy.hidden = true;
    copied.hidden = false;
    window.setTimeout(() => {
      copy.hidden = false;
      copied.hidden = true;
    }, 3000);
  });
}

/** The clipboard is only there on https and this machine; elsewhere the selected text can be copied by hand. */
async function put(field: HTMLInputElement): Promise<boolean> {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return false;
  }
}

for (const field of document.querySelectorAll<HTMLInputElement>("[data-select]")) {
  field.addEventListener("focus", () => field.select());
}

const zone = document.querySelector<HTMLSelectElement>("[data-zone]");
const refused = document.querySelector("[aria-invalid]");
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !refused && [...zone.options].some((option) => option.value === own)) zone.value = own;

/** The address is asked for only where the picture needs one. */
const source = document.querySelector<HTMLElement>("[data-source]");
function needSource(): void {
  const kind = document.querySelector<HTMLInputElement>('input[name="kind"]:checked')?.value ?? "";
  if (source) source.hidden = !["hls", "youtube", "bilibili"].includes(kind);
}
document.addEventListener("change", needSource);
needSource();
