// The chat page: follows the conversation live and keeps the reader where they are.

import * as cards from "./cards.js";
import * as composer from "./composer.js";
import { elements, toast, zoneTold } from "./page.js";

const log = document.getElementById("log");
const progress = document.getElementById("progress");
const doing = document.getElementById("doing");
const connection = document.getElementById("connection");
const toNewest = document.getElementById("to-newest");
const earlier = document.getElementById("earlier");

// where the reader is: at the end, and kept there, until they scroll up

const page = document.scrollingElement;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const atEnd = () => page.scrollHeight - page.scrollTop - page.clientHeight < 160;
let following = true;
let lastTop = 0;

function toEnd(smooth) {
  following = true;
  page.scrollTo({ top: page.scrollHeight, behavior: smooth && !calm.matches ? "smooth" : "instant" });
  toNewest.hidden = true;
}

addEventListener("scroll", () => {
  following = atEnd() || (following && page.scrollTop >= lastTop); // on its way down it still follows
  lastTop = page.scrollTop;
  if (following) toNewest.hidden = true;
}, { passive: true });
toNewest.addEventListener("click", () => toEnd(true));

// what happens

function show({ ref, position, html }) {
  const fresh = elements(html).firstElementChild;
  const old = document.getElementById(`message-${ref}`);
  const follow = following || fresh.classList.contains("from-member");
  if (old) {
    cards.replace(old, fresh);
    if (follow && old === log.lastElementChild) toEnd(false);
    return;
  }
  const next = [...log.children].find((one) => Number(one.dataset.position) > position) ?? null;
  if (next && next === log.firstElementChild) return; // older than what is shown; it comes with the earlier ones
  fresh.classList.add("arriving");
  log.insertBefore(fresh, next);
  if (follow) toEnd(true);
  else toNewest.hidden = false;
}

function showProgress({ html, now }) {
  progress.hidden = !html;
  progress.replaceChildren(elements(html));
  if (doing.textContent !== now) doing.textContent = now; // read out once a step, not with every word
  if (html && following) toEnd(false);
}

let source = null;
let lost = 0;

function follow() {
  source?.close();
  source = new EventSource(`/chat/events?after=${log.dataset.after}`);
  source.addEventListener("message", (event) => {
    log.dataset.after = event.lastEventId;
    show(JSON.parse(event.data));
  });
  source.addEventListener("progress", (event) => showProgress(JSON.parse(event.data)));
  source.addEventListener("about", (event) => {
    document.getElementById("about-model").textContent = JSON.parse(event.data);
  });
  source.addEventListener("open", () => {
    clearTimeout(lost);
    connection.textContent = "";
  });
  source.addEventListener("error", () => {
    clearTimeout(lost);
    const gaveUp = source?.readyState === EventSource.CLOSED;
    lost = setTimeout(() => { connection.textContent = "Connection lost. Trying again…"; }, 1500);
    if (gaveUp) setTimeout(again, 3000);
  });
}

// A browser holds few connections to one place: a tab nobody looks at gives its own back, and catches up when seen.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(lost);
    source?.close();
    source = null;
  } else if (!source) {
    follow();
  }
});

/** The browser gave up on the stream: signed out, or the desk answered with an error. */
async function again() {
  if (document.hidden) return;
  const answer = await fetch("/chat/earlier?before=0").catch(() => null);
  if (answer?.status === 401) location.reload(); // the page that says how to sign in; what is typed is kept
  else follow();
}

// what is pressed

cards.listen(log);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.say !== undefined) composer.say(button.dataset.say);
  if (button?.dataset.reply !== undefined) composer.about(button.dataset.reply, button.closest(".card").dataset.title);
});

earlier?.addEventListener("click", async () => {
  const answer = await fetch(`/chat/earlier?before=${earlier.dataset.before}`).catch(() => null);
  if (!answer?.ok) {
    toast("The earlier messages did not come. Try again.", "bad");
    return;
  }
  const before = await answer.json();
  const height = page.scrollHeight;
  const older = elements(before.html);
  older.firstElementChild?.setAttribute("tabindex", "-1");
  const first = older.firstElementChild;
  log.prepend(older);
  page.scrollTop += page.scrollHeight - height;
  if (before.earlier === null) {
    earlier.remove();
    first?.focus({ preventScroll: true });
  } else {
    earlier.dataset.before = before.earlier;
  }
});

composer.listen();
if (log.children.length) {
  toEnd(false);
  if (matchMedia("(pointer: fine)").matches) composer.focus(); // a finger would only call up the keyboard
}
zoneTold.finally(follow);
