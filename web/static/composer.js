// The composer: text, pictures, a video, and which post the next message is about. What is typed is never lost.

import { send, toast, Trouble } from "./page.js";

const KEPT = "copydesk.typed";
const form = document.getElementById("composer");
const text = document.getElementById("text");
const button = document.getElementById("send");
const attached = document.getElementById("attached");
const files = document.getElementById("files");
const replying = document.getElementById("replying");

let replyTo = "";
let sending = false;
let number = null; // of the message being sent: the same again when it is tried again, so that it is heard once

export function listen() {
  text.value = sessionStorage.getItem(KEPT) ?? "";
  text.addEventListener("input", changed);
  text.addEventListener("keydown", (event) => {
    const plain = !event.shiftKey && !event.isComposing && !matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && plain) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape" && replyTo) about("", "");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  document.getElementById("attach").addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    attach(files.files);
    files.value = "";
  });
  document.getElementById("replying-off").addEventListener("click", () => about("", ""));
  text.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      attach(event.clipboardData.files);
    }
  });
  dropping();
  changed();
}

function dropping() {
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    form.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) form.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    form.classList.remove("dropping");
    if (!holdsFiles(event)) return;
    event.preventDefault();
    attach(event.dataTransfer.files);
  });
}

function changed() {
  sessionStorage.setItem(KEPT, text.value);
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
  const empty = !text.value.trim() && !attached.children.length;
  button.setAttribute("aria-disabled", String(empty));
}

export function focus() {
  text.focus({ preventScroll: true });
}

/** Makes the next message about a card, or about none. */
export function about(subject, title) {
  replyTo = subject;
  document.getElementById("replying-title").textContent = title;
  replying.hidden = !subject;
  text.focus();
}

// pictures and videos

function attach(list) {
  for (const file of list) upload(file);
}

async function upload(file) {
  const item = document.createElement("li");
  item.setAttribute("aria-busy", "true");
  const film = file.type.startsWith("video/");
  const picture = document.createElement("img");
  picture.alt = film ? `${file.name}, a video` : file.name;
  if (film) item.classList.add("film"); // its first picture comes once it is there
  else picture.src = URL.createObjectURL(file);
  const busy = document.createElement("span");
  busy.className = "uploading";
  busy.setAttribute("role", "status");
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "close";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.addEventListener("click", () => drop(item));
  item.append(picture, remove, busy);
  attached.append(item);
  busy.textContent = film ? "Uploading…" : ""; // a picture is there before it can be read
  changed();
  const body = new FormData();
  body.append("file", file);
  item.ready = send("/media", body).then(
    (kept) => {
      item.dataset.media = kept.id;
      if (film) picture.src = `/media/${kept.id}/poster`;
      item.removeAttribute("aria-busy");
      busy.remove();
    },
    (trouble) => {
      drop(item);
      toast(trouble.message, "bad");
      throw new Trouble("The message waits: a file could not be attached.");
    },
  );
  item.ready.catch(() => {}); // for who sends meanwhile
}

function drop(item) {
  URL.revokeObjectURL(item.querySelector("img").src);
  item.remove();
  changed();
  text.focus();
}

// sending

async function submit() {
  if (sending || button.getAttribute("aria-disabled") === "true") return;
  sending = true;
  button.setAttribute("aria-busy", "true");
  const typed = text.value;
  const items = [...attached.children];
  try {
    await Promise.all(items.map((item) => item.ready));
    await post(typed, items.map((item) => item.dataset.media), replyTo);
    if (text.value === typed) text.value = "";
    items.forEach((item) => item.remove());
    about("", "");
    changed();
  } catch (trouble) {
    if (trouble instanceof Trouble && trouble.code === "signed_out") location.reload(); // the text is kept
    toast(trouble.message, "bad");
  } finally {
    sending = false;
    button.removeAttribute("aria-busy");
  }
}

async function post(typed, images, subject) {
  const content = JSON.stringify([typed, images, subject]);
  if (number?.content !== content) number = { content, id: crypto.randomUUID?.() ?? String(Math.random()).slice(2) };
  try {
    await send("/chat/messages", { text: typed, images, reply_to: subject, event_id: number.id });
    number = null;
  } catch (trouble) {
    if (!trouble.retry) number = null;
    throw trouble;
  }
}

/** Says something as if it had been typed, and leaves what is being typed alone. */
export async function say(words) {
  try {
    await post(words, [], "");
  } catch (trouble) {
    toast(trouble.message, "bad");
  }
}
