// What htmx does not do: keys, the live connection, dialogs, copying.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const root = document.documentElement;

// -- messages to the reader ---------------------------------------------------------------------

let toastTimer;
function toast(text) {
  const box = $("#toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 4000);
}

// Say why a request failed: at the end of a list, whose rows are missing, or in a notice.
function fail({ target }, why) {
  if (!target.matches(".loading")) return toast(why);
  target.classList.add("failed");
  $(".why", target).textContent = why;
}

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  // The error page of a proxy is not a sentence.
  const isSentence = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain");
  fail(event, isSentence ? xhr.responseText.slice(0, 500) : $("#toast").dataset.lost);
});
document.addEventListener("htmx:sendError", (event) => fail(event, $("#toast").dataset.lost));
document.addEventListener("htmx:beforeRequest", ({ target }) => target.classList.remove("failed"));

document.addEventListener("notice", (event) => toast(event.detail.value));

// A tag that was added leaves its field; what was typed meanwhile stays.
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { path, parameters } = detail.requestConfig;
  const form = $("#add-tag");
  if (detail.successful && path === form?.getAttribute("hx-post") && form.tag.value === parameters.tag) form.reset();
});

// -- changes of messages, and questions before them ---------------------------------------------

// What the list shows: a search that was entered since may not have its answer yet.
let listed;
document.addEventListener("DOMContentLoaded", () => { listed = $("#search") && new FormData($("#search")); });
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "list") listed = detail.requestConfig.formData;
});

// Return what sends a request. htmx sends nothing for a button that is gone when the reader has confirmed
// or when its turn comes. Changes of messages are therefore sent by a part of the page that stays.
function sender({ elt, verb, path, issueRequest }) {
  if (!elt.closest("#split")) return () => issueRequest(true);
  const values = elt.matches("[data-listed]") ? listed : new FormData(elt.closest("form") ?? undefined);
  return () => htmx.ajax(verb, path, { source: "#changes", values }).catch(() => {}); // events tell of errors
}

document.addEventListener("htmx:confirm", (event) => {
  if (event.detail.verb === "get") return;
  event.preventDefault();
  const send = sender(event.detail);
  if (!event.detail.question) return send();
  const dialog = $("#confirm");
  $("#confirm-text").textContent = event.detail.question;
  dialog.returnValue = "no";
  dialog.onclose = () => { if (dialog.returnValue === "yes") send(); };
  dialog.showModal();
});

// -- what is open ---------------------------------------------------------------------------------

function refresh() {
  const here = location.pathname;
  for (const link of $$("#list .row > a")) {
    if (new URL(link.href).pathname === here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const split = $("#split");
  if (split) split.classList.toggle("open", here !== "/" && here !== "/sessions");
  const count = $("#unread")?.dataset.unread;
  const name = $("#reading article")?.dataset.title ?? split?.dataset.title ?? document.title.replace(/^\([\d,+]+\) /, "");
  document.title = count ? `(${count}) ${name}` : name;
  const icon = $("#icon");
  icon.href = count ? icon.dataset.unread : icon.dataset.read;
}

function showCurrent() {
  refresh();
  $("#list [aria-current]")?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("DOMContentLoaded", showCurrent);
document.addEventListener("htmx:afterSettle", refresh);
document.addEventListener("htmx:pushedIntoHistory", () => {
  showCurrent(); // rows have another height beside a message
  // The list is gone on a narrow screen, or what was open, and the focus with it.
  if (!$("#list")?.checkVisibility()) $("#reading")?.focus();
  else if (!$("#split.open")) $("#list").focus();
});

// htmx keeps the focus of an element whose id comes again. Without one, the part around it gets it.
let focused, around;
document.addEventListener("focusin", ({ target }) => {
  focused = target;
  around = target.closest("[tabindex='-1']");
});
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement === document.body && focused && !focused.isConnected) around?.focus({ preventScroll: true });
});

// -- the search is part of every address -----------------------------------------------------------

// Return an address with the search as it is now.
function searched(address) {
  const { pathname, searchParams, hash } = new URL(address, location.href);
  for (const [name, value] of new FormData($("#search"))) {
    if (value) searchParams.set(name, value);
    else searchParams.delete(name);
  }
  return pathname + (searchParams.size ? `?${searchParams}` : "") + hash;
}

document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (target.id === "search") history.replaceState(history.state, "", searched(location.href));
});
document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
  detail.history.path = searched(detail.history.path);
  // What is shown again is not a new entry.
  if (detail.history.path === location.pathname + location.search) detail.history.type = "replace";
});

// Before a link is opened or copied. The value of `data-searched` is a parameter to leave out.
function search(link) {
  const url = new URL(searched(link.href), location.href);
  url.searchParams.delete(link.dataset.searched);
  link.href = url;
}
for (const name of ["pointerdown", "focusin"]) {
  document.addEventListener(name, ({ target }) => {
    const link = target.closest("[data-searched]");
    if (link) search(link);
  });
}

// What was entered after the request is not in the answer: ask again.
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  if (target.id !== "fields") return;
  const sent = detail.requestConfig.parameters;
  if ([...new FormData($("#rule"))].every(([name, value]) => sent[name] === value)) return;
  detail.shouldSwap = false;
  htmx.trigger("#where", "change");
});

// -- live -----------------------------------------------------------------------------------------

// What each event of the server changes on the page, and whether it is something new.
const CHANGES = {
  message: ["messages-changed", true], removed: ["messages-changed"], limit: ["messages-changed"], changed: ["messages-changed"],
  session: ["sessions-changed", true], checked: ["sessions-changed"],
  fault: ["faults-changed"], faults: ["faults-changed"],
};
// Lists that will be renewed, and whether there is something new.
const waiting = new Map();
// Pixels that a list may be scrolled and is still at its top.
const TOP = 40;
// Where the list is, also while a message hides it on a narrow screen.
let place = 0;
document.addEventListener("scroll", ({ target }) => {
  if (target.id !== "list" || !target.checkVisibility()) return;
  place = target.scrollTop;
  if (place <= TOP && !$("#more-new").hidden) renewList();
}, { capture: true });

function renewList() {
  htmx.trigger("#list", $("#list").getAttribute("hx-trigger").split(" ")[0]);
}

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "list") $("#more-new").hidden = true;
});

// At most two requests a second for each list, however much arrives.
function changed(name, isNew) {
  const isFirst = !waiting.has(name);
  waiting.set(name, isNew || waiting.get(name));
  if (isFirst) setTimeout(() => {
    const list = $("#list");
    const isAffected = list?.getAttribute("hx-trigger").includes(name);
    if (isAffected && place > TOP) {
      // A list that is being read does not move.
      if (waiting.get(name)) $("#more-new").hidden = false;
      if (name === "messages-changed") htmx.trigger(document.body, "unread-changed");
    } else {
      htmx.trigger(document.body, name);
    }
    waiting.delete(name);
  }, 500);
}

// What is replaced between press and release would not get the click.
let isPressed = false;
// How to ask again for what came meanwhile, for each part of the page once.
const late = new Map();
const AGAIN = {
  list: () => renewList(),
  rules: () => htmx.trigger("#rules", "faults-changed"),
  changes: () => renew($("#reading article")?.dataset.id),
  reading: again,
  contents: again,
  "settings-of-clients": again,
};
function again({ elt, triggeringEvent }) {
  hasOpened();
  htmx.trigger(elt, triggeringEvent.type);
}
addEventListener("pointerdown", () => { isPressed = true; });
// Some systems send no "pointerup" when a menu opens.
for (const name of ["pointerup", "pointercancel", "contextmenu"]) addEventListener(name, () => {
  isPressed = false;
  for (const ask of late.values()) ask();
  late.clear();
});
document.addEventListener("htmx:beforeSwap", ({ target, detail }) => {
  const name = detail.requestConfig.triggeringEvent?.type;
  if (!isPressed || !detail.shouldSwap) return;
  if (AGAIN[target.id]) late.set(target, () => AGAIN[target.id](detail.requestConfig));
  else if (name?.endsWith("-changed")) changed(name, true);
  else if (name === "renew") late.set(target, () => again(detail.requestConfig));
  else return;
  detail.shouldSwap = false;
});

function reload() {
  for (const name of new Set(Object.values(CHANGES).map(([each]) => each))) changed(name, true);
}

function showLive(isOn) {
  const live = $("#live");
  live.textContent = isOn ? live.dataset.on : live.dataset.off;
  live.classList.toggle("on", isOn);
}

// Browsers allow six connections to a server, so one window follows the events for all of them.
const windows = new BroadcastChannel("fakesmtp-events");
let source;
// The newest event that this page knows; at first, when the server wrote it.
let seen = Number($("#live").dataset.cursor);
const EFFECTS = {
  live: showLive,
  reset: reload,
  event: ([name, cursor, ids]) => {
    seen = Math.max(seen, cursor);
    for (const id of ids) apply(name, id);
    changed(...CHANGES[name]);
  },
  ask: () => {
    if (!source) return;
    windows.postMessage(["live", source.readyState === EventSource.OPEN]);
    windows.postMessage(["newest", seen]);
  },
  // A window was told of nothing while it loaded.
  newest: (cursor) => {
    if (cursor > seen) reload();
    seen = Math.max(seen, cursor);
  },
};
windows.onmessage = ({ data: [kind, value] }) => EFFECTS[kind](value);

function share(kind, value) {
  EFFECTS[kind](value);
  windows.postMessage([kind, value]);
}

function follow() {
  source = new EventSource(`${$("#live").dataset.events}?after=${seen}`);
  source.onopen = () => share("live", true);
  source.onerror = () => {
    share("live", false);
    // Browsers try again after a lost connection, but not after the error of a proxy.
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  };
  source.addEventListener("reset", () => share("reset"));
  for (const name of Object.keys(CHANGES)) {
    source.addEventListener(name, ({ lastEventId, data }) => {
      // A message is news of its session, too.
      const { id, session_id: session, ids = [id, session] } = JSON.parse(data);
      share("event", [name, Number(lastEventId), ids]);
    });
  }
}
addEventListener("pagehide", () => source?.close());

async function followOnce() {
  // Locks exist on localhost and with HTTPS only.
  if (!navigator.locks) return follow();
  windows.postMessage(["ask"]);
  // A lock that was got is kept until the window closes.
  return navigator.locks.request("fakesmtp-events", () => new Promise(follow));
}

document.addEventListener("DOMContentLoaded", () => {
  followOnce();
  $("#more-new")?.addEventListener("click", (event) => {
    event.target.hidden = true;
    $("#list").scrollTop = 0;
    renewList();
  });
});

// -- copying --------------------------------------------------------------------------------------

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Not a secure context: plain HTTP from another machine.
    const box = document.createElement("textarea");
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  toast(`${$("#toast").dataset.copied}: ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`);
}

// A click with one of these keys opens a new tab or window: the browser does that, not htmx.
addEventListener("click", (event) => {
  const isModified = event.ctrlKey || event.metaKey || event.shiftKey;
  if (isModified && event.target.closest("a[href]")) event.stopPropagation();
}, { capture: true });

// A double click on a button that sends a form sends it once, and one that removes does not remove what comes next.
addEventListener("click", (event) => {
  if (event.detail < 2) return;
  if (event.target.closest("form[hx-post] button:not([type=button])")) event.preventDefault();
  if (event.target.closest("button[hx-delete]")) event.stopPropagation();
}, { capture: true });

// -- clicks and settings ----------------------------------------------------------------------------

function setCookie(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`;
  if (name === "theme") root.dataset.theme = value;
  else location.reload();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from], [data-open], [data-insert]");
  if (!button) return;
  const { copy: text, copyFrom, open, insert } = button.dataset;
  if (open) show(open);
  else if (insert) insertWord(insert);
  else copy(copyFrom ? $$("li", $(`#${copyFrom}`)).map((line) => line.textContent).join("\n") || $(`#${copyFrom}`).textContent : text);
});

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.cookie;
  if (name) setCookie(name, event.target.value);
});

// A client that was chosen stays chosen if the reader makes another choice before its settings have come.
document.addEventListener("htmx:beforeRequest", ({ target }) => {
  if (target.dataset.client) $("#choices").client.value = target.dataset.client;
});

// -- search help: it completes the last word ------------------------------------------------------------

function insertWord(word) {
  const q = $("#q");
  q.value = q.value.replace(/([-!]?)\S*$/, `$1${word}`);
  q.focus();
  q.dispatchEvent(new Event("input", { bubbles: true }));
}

function offer(last) {
  for (const button of $$("#search-help [data-insert]")) {
    const word = button.dataset.insert.toLowerCase();
    button.hidden = last !== "" && (word === last || !word.startsWith(last));
  }
  for (const item of $$("#search-help li")) item.hidden = !$("[data-insert]:not([hidden])", item);
}

function complete() {
  const last = $("#q").value.split(/\s/).pop().replace(/^[-!]/, "").toLowerCase();
  offer(last);
  $("#search-help").togglePopover(last.length > 1 && $("#search-help li:not([hidden])") !== null);
}

// Opened by its button, the help shows all words if none completes the last one.
document.addEventListener("click", ({ target }) => {
  if (target.closest("[popovertarget=search-help]") && !$("#search-help li:not([hidden])")) offer("");
});

function chooseWord(event) {
  const shown = $$("#search-help [data-insert]:not([hidden])");
  const at = shown.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (next === undefined || !$("#search-help").matches(":popover-open")) return;
  (shown[next] ?? $("#q")).focus();
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (!event.target.closest("#search, #search-help")) return;
  if (event.key !== "Escape") chooseWord(event);
  else if ($("#search-help").matches(":popover-open")) {
    $("#search-help").hidePopover();
    event.preventDefault();
  }
});

document.addEventListener("input", (event) => { if (event.target.id === "q") complete(); });
document.addEventListener("focusin", (event) => {
  const help = $("#search-help");
  if (help?.matches(":popover-open") && !event.target.closest("#search, #search-help")) help.hidePopover();
});
document.addEventListener("pointerdown", (event) => {
  const help = $("#search-help");
  if (help?.matches(":popover-open") && !event.target.closest("#search, #search-help")) help.hidePopover();
});

// -- command palette --------------------------------------------------------------------------------

function show(name) {
  if (name === "palette") {
    $("#palette-search").value = "";
    filterCommands();
  }
  $(`#${name}`).showModal();
}

function commands() {
  return $$("#palette-list li:not([hidden])");
}

function select(item) {
  for (const each of $$("#palette-list li")) each.setAttribute("aria-selected", String(each === item));
  $("#palette-search").setAttribute("aria-activedescendant", item?.id ?? "");
  item?.scrollIntoView({ block: "nearest" });
}

function filterCommands() {
  const text = $("#palette-search").value.trim();
  for (const item of $$("#palette-list [data-action]")) item.hidden = !item.textContent.toLowerCase().includes(text.toLowerCase());
  const search = $("#command-search");
  search.hidden = !text;
  search.textContent = `${search.dataset.search} “${text}”`;
  select(commands()[0]);
}

function run(item) {
  const dialog = $("#palette");
  dialog.close();
  const action = item?.dataset.action ?? `/?q=${encodeURIComponent($("#palette-search").value.trim())}`;
  const setting = /^(theme|language)=(.*)$/.exec(action);
  if (setting) setCookie(setting[1], setting[2]);
  else if (action.startsWith("dialog=")) show(action.slice(7));
  else location.href = action;
}

document.addEventListener("DOMContentLoaded", () => {
  const search = $("#palette-search");
  search.addEventListener("input", filterCommands);
  search.addEventListener("keydown", (event) => {
    const shown = commands();
    const at = shown.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) select(shown[(at + step + shown.length) % shown.length]);
    else if (event.key === "Enter") run(shown[at]);
    else return;
    event.preventDefault();
  });
  $("#palette-list").addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) run(item);
  });
});

// -- keys -------------------------------------------------------------------------------------------

function move(step) {
  const links = $$("#list .row > a");
  if (!links.length) return;
  const at = links.findIndex((each) => each === document.activeElement);
  const open = links.findIndex((each) => each.hasAttribute("aria-current"));
  const from = at >= 0 ? at : open;
  const next = links[Math.min(links.length - 1, Math.max(0, from < 0 ? 0 : from + step))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

// Open the row before or after the one that is open, or is being opened.
function step(by) {
  const links = $$("#list .row > a");
  const id = opening ?? $("#reading article")?.dataset.id;
  const at = links.findIndex((each) => each.parentElement.dataset.id === id);
  const next = links[at + by];
  if (at < 0 || !next) return;
  next.click();
  next.scrollIntoView({ block: "nearest" });
}

// Show the list alone. The address is an entry of the history that htmx can restore.
function back() {
  refresh(); // a list that has just come has no mark yet
  const link = $("#reading :is(.back, .close)");
  const current = $("#list [aria-current]");
  // What is still loading would appear after all.
  if ($("#reading")) htmx.trigger("#reading", "htmx:abort");
  if (!link) return false;
  // As htmx does it: a page that was opened by its address is no such entry yet.
  history.replaceState({ htmx: true }, "");
  history.pushState({ htmx: true }, "", searched(link.href));
  $("#reading").replaceChildren();
  refresh();
  (current ?? $("#list")).focus();
  return true;
}

// Ids of events since the request of what will be open: its answer may be older.
let news;
// Id of the row that is being opened.
let opening;
const isReading = ({ detail }) => detail.target.id === "reading";
function hasOpened() {
  news = opening = undefined;
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isReading(event)) return;
  news = new Set();
  opening = event.detail.elt.closest(".row")?.dataset.id;
});
document.addEventListener("htmx:afterRequest", (event) => { if (isReading(event) && !event.detail.successful) hasOpened(); });
document.addEventListener("htmx:afterSettle", (event) => {
  if (!isReading(event)) return;
  const ids = news ?? [];
  hasOpened();
  ids.forEach(renew);
});

// A comparison is of two sessions.
function renew(id) {
  if (news) news.add(id);
  else for (const each of $$(`#reading .renews[data-of~="${CSS.escape(id)}"]`)) htmx.trigger(each, "renew");
}

// What an event changes in the list and in what is open, without a new list.
function apply(name, id) {
  if (name === "removed" && !opening && $("#reading article")?.dataset.id === id) back();
  else renew(id);
  if (name === "removed" || name === "limit") $(`#list .row[data-id="${CSS.escape(id)}"]`)?.remove();
}
document.addEventListener("removed", ({ detail }) => {
  apply("removed", detail.value);
  changed("messages-changed");
});

document.addEventListener("read", () => {
  for (const row of $$("#list .row.unread")) {
    row.classList.remove("unread");
    $(".subject .hidden", row).remove();
  }
  changed("messages-changed");
});

// A row is its link. Browsers do not find the link in a row that has just come into view.
document.addEventListener("click", ({ target }) => {
  if (target.matches("#list .row")) $("a", target).click();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(":is(.back, .close)");
  const button = event.target.closest("[data-step]");
  if (button) step(Number(button.dataset.step));
  else if (link && back()) event.preventDefault();
});

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => { $("#q")?.focus(); $("#q")?.select(); },
  "?": () => show("help"),
  Escape: back,
};

document.addEventListener("keydown", (event) => {
  const isPalette = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
  if (isPalette) {
    event.preventDefault();
    if (!$("dialog[open]")) show("palette");
    return;
  }
  // The browser closes a popover, or the search help has just closed.
  if (event.key === "Escape" && (event.defaultPrevented || $(":popover-open"))) return;
  // In the moment after a dialog was closed, the focus is still in it.
  const isTyping = event.target.checkVisibility() && event.target.closest("input:not([type=radio], [type=checkbox]), select, textarea, dialog");
  if (event.key === "Escape" && event.target.matches("#q, #add-tag input")) event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (root.dataset.keys === "off" && event.key !== "Escape") return;
  // While a Korean keyboard is chosen, the key of "j" is "ㅓ".
  const key = /[ㄱ-ㅣ]/.test(event.key) ? event.code.slice(3).toLowerCase() : event.key;
  const button = $(`#reading [data-key="${CSS.escape(key)}"]`);
  if (button) button.click();
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});
