// The accounts page: forms are posted by fetch, so that the way to a platform's login is a plain change of page.

import { send, toast } from "./page.js";

async function submit(form) {
  const refused = form.querySelector(".refused");
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-busy") === "true") return;
  refused.hidden = true;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await send(form.dataset.connect, { form: Object.fromEntries(new FormData(form)) });
    location.assign(answer.go_to);
  } catch (trouble) {
    refused.textContent = trouble.message;
    refused.hidden = false;
    button.removeAttribute("aria-busy");
  }
}

async function act(button) {
  if (button.dataset.sure) { // the first press asks, the second does
    button.textContent = button.dataset.sure;
    delete button.dataset.sure;
    button.classList.add("danger");
    return;
  }
  try {
    const answer = await send(button.dataset.post, {});
    location.assign(answer.go_to);
  } catch (trouble) {
    toast(trouble.message, "bad");
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  submit(event.target);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-post]");
  if (button) act(button);
});
