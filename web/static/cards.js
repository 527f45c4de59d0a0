// Cards: presses, the forms inside them, and keeping what somebody types while a card is redrawn.

import { send, toast } from "./page.js";

/** Listens for everything that can be pressed in the conversation. */
export function listen(log) {
  log.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.key !== undefined) pressed(button);
    else if (button.dataset.fill !== undefined) fill(button);
    else if (button.dataset.closes !== undefined) close(button.closest("form"));
  });
  log.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(event.target);
  });
  log.addEventListener("input", (event) => {
    event.target.dataset.touched = "yes";
    count(event.target);
  });
  log.addEventListener("keydown", (event) => {
    const form = event.target.closest("form");
    if (!form) return;
    if (event.key === "Escape") close(form);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

const formOf = (button) =>
  [...button.closest(".card").querySelectorAll("form[data-form]")].find((form) => form.dataset.form === button.dataset.key);
const openerOf = (form) =>
  [...form.closest(".card").querySelectorAll("[data-opens]")].find((button) => button.dataset.key === form.dataset.form);

function pressed(button) {
  if (button.dataset.opens === undefined) {
    press(button, button.dataset.key, {});
    return;
  }
  const form = formOf(button);
  if (form.hidden) open(form);
  else close(form);
}

function open(form) {
  for (const other of form.closest(".card").querySelectorAll("form[data-form]:not([hidden])")) close(other);
  form.hidden = false;
  openerOf(form)?.setAttribute("aria-expanded", "true");
  form.querySelectorAll("textarea").forEach(count);
  form.querySelector("textarea, input, select")?.focus();
  form.scrollIntoView({ block: "nearest" });
}

function close(form) {
  form.hidden = true;
  const opener = openerOf(form);
  opener?.setAttribute("aria-expanded", "false");
  opener?.focus();
}

function fill(chip) {
  const field = chip.closest("form").querySelector("input, textarea");
  field.value = chip.dataset.fill;
  field.dataset.touched = "yes";
  field.focus();
}

async function submit(form) {
  if (form.dataset.saving) return;
  const message = form.closest(".message").id;
  form.querySelector(".refused").hidden = true;
  form.dataset.saving = "yes";
  const answer = await press(form.querySelector("[type=submit]"), form.dataset.form, Object.fromEntries(new FormData(form)));
  const here = standing(form, document.getElementById(message)); // its card may have been redrawn meanwhile
  delete form.dataset.saving;
  if (!here) return;
  if (answer.tone === "bad") {
    const refused = here.querySelector(".refused");
    refused.textContent = answer.text;
    refused.hidden = false;
    return;
  }
  here.reset();
  for (const field of here.elements) delete field.dataset.touched;
  here.querySelector(".changed").hidden = true;
  close(here);
}

const standing = (form, message) =>
  [...message.querySelectorAll("form[data-form]")].find((one) => verb(one.dataset.form) === verb(form.dataset.form));

/** Presses a button; what it came to is said in a toast, or, where a form was refused, left to the form. */
async function press(button, key, form) {
  if (button.getAttribute("aria-busy") === "true") return null; // a second press of the same
  button.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await send("/chat/press", { key, form });
  } catch (trouble) {
    answer = { text: trouble.message, tone: "bad" };
  }
  button.removeAttribute("aria-busy");
  if (answer.go_to) location.assign(answer.go_to);
  else if (answer.text && !(answer.tone === "bad" && button.type === "submit")) toast(answer.text, answer.tone);
  return answer;
}

const segments = new Intl.Segmenter();

/** Counts as a reader would; the desk's own count, which knows a platform's rules, is shown once it is saved. */
function count(field) {
  if (field.matches("textarea") && !CSS.supports("field-sizing", "content")) {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }
  const shown = field.closest(".field")?.querySelector("output.count");
  if (!shown || !field.dataset.limit) return;
  const length = [...segments.segment(field.value)].length;
  const limit = Number(field.dataset.limit);
  shown.textContent = `about ${length.toLocaleString()} / ${limit.toLocaleString()} ${field.dataset.unit}`;
  shown.classList.toggle("over", length > limit);
  shown.classList.toggle("near", length <= limit && length > limit * 0.9);
}

/** Puts a message in the place of its older self, and takes an open form and the focus along. */
export function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const forms = [...old.querySelectorAll("form[data-form]:not([hidden])")];
  fresh.setAttribute("aria-live", "off"); // what was pressed is said in a sentence; the whole card need not be read anew
  old.replaceWith(fresh);
  for (const form of forms) carry(form, fresh);
  if (focused) find(focused, fresh)?.focus({ preventScroll: true });
}

const verb = (key) => key.split(":")[0];

function carry(form, fresh) {
  const target = standing(form, fresh);
  const touched = [...form.elements].filter((field) => field.dataset.touched);
  if (!target) {
    if (touched.length) toast("This can no longer be changed. What you typed: " + touched.map((one) => one.value).join("\n"), "bad");
    return;
  }
  for (const field of touched) {
    const same = target.elements.namedItem(field.name);
    if (same) {
      same.value = field.value;
      same.dataset.touched = "yes";
    }
  }
  const mine = form.dataset.saving || target.dataset.form === form.dataset.form;
  target.querySelector(".changed").hidden = touched.length === 0 || Boolean(mine);
  target.hidden = false;
  openerOf(target)?.setAttribute("aria-expanded", "true");
  target.querySelectorAll("textarea").forEach(count);
}

/** The control in the new message that is the same as one in the old, or else its first button. */
function find(old, fresh) {
  if (old.name) return fresh.querySelector(`form:not([hidden]) [name="${CSS.escape(old.name)}"]`);
  const key = old.dataset.key && verb(old.dataset.key);
  const same = [...fresh.querySelectorAll("[data-key]")].find((one) => verb(one.dataset.key) === key);
  return same ?? fresh.querySelector(old.dataset.reply ? "[data-reply]" : "[data-key]");
}
