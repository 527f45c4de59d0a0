// What every page shares: talking to the desk, saying what came of it, and times in the reader's own zone.

/** Shows a sentence for a while; a bad one stays longer and is read out at once. */
export function toast(text, tone = "good") {
  const box = document.createElement("div");
  box.className = tone === "bad" ? "toast bad" : "toast";
  const words = document.createElement("p");
  words.dir = "auto";
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.setAttribute("aria-label", "Close");
  close.textContent = "×";
  close.addEventListener("click", () => box.remove());
  box.append(words, close);
  document.getElementById(tone === "bad" ? "alarms" : "toasts").append(box);
  const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 1500) : box.remove());
  setTimeout(leave, tone === "bad" ? 12000 : 6000);
}

/** An error that carries a sentence for the person; `retry` says the desk never answered. */
export class Trouble extends Error {
  constructor(message, { retry = false, code = "" } = {}) {
    super(message);
    this.retry = retry;
    this.code = code;
  }
}

/** Sends an object as JSON, or a form with a file as it is; gives back the answer's JSON. Throws Trouble. */
export async function send(path, body) {
  const isForm = body instanceof FormData;
  const headers = isForm ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(path, { method: "POST", headers, body: isForm ? body : JSON.stringify(body) });
  } catch {
    throw new Trouble("The desk cannot be reached. Nothing is lost: try again when it is back.", { retry: true });
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Trouble(told.error || "That did not work. Try again.", { retry: response.status >= 500, code: told.code });
  }
  return told;
}

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** Says every instant below `root` in the reader's zone: as a title, or as the text itself. */
export function localTimes(root) {
  for (const element of root.querySelectorAll("time[data-local]")) {
    const at = new Date(element.dateTime);
    element.title = `${full.format(at)} where you are`;
    if (element.dataset.local === "clock") element.textContent = clock.format(at);
  }
}

/** A fragment the desk drew, as elements. It is escaped on the desk's side, and no inline script may run here. */
export function elements(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  localTimes(template.content);
  return template.content;
}

localTimes(document);

// the desk reads “tomorrow 9” in the member's own zone; their browser knows it, and tells it once a visit

async function tellZone() {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = document.body.dataset.zone;
  if (!here || !known || here === known || sessionStorage.getItem("zone")) return;
  sessionStorage.setItem("zone", here);
  await send("/me/zone", { zone: here }).catch(() => sessionStorage.removeItem("zone"));
}

/** Settled once the desk knows the zone; what is followed from then on speaks in it. */
export const zoneTold = tellZone();
