// New messages, by the stream, from where the list was read on.

import { refreshFigures, refreshHealth } from "./parts.js";
import { take } from "./rows.js";
import { currentSearch, root, searchWith } from "./view.js";

const GATHERED = 200; // milliseconds from a message to when it is shown, with others
const FIGURES = 5000; // milliseconds from one look at the figures to the next
const UNSEEN = 30000; // milliseconds after which a page that nobody sees stops to listen
const PAUSES = [1000, 2000, 5000, 10000, 30000]; // milliseconds before trying again

class Live {
  #source = null;
  #after = null;
  #failures = 0;
  #timer = null;
  #gathered = [];
  #figures = null;
  #hiding = null;

  // Listen for what belongs into the view that is shown.
  begin() {
    this.stop();
    this.#gathered = [];
    this.#failures = 0;
    this.#after = document.getElementById("view").dataset.after ?? null;
    if (this.#after === null) this.#say("", "");
    else this.#listen();
  }

  stop() {
    window.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  hide() {
    this.#hiding = window.setTimeout(() => this.stop(), UNSEEN);
  }

  show() {
    window.clearTimeout(this.#hiding);
    if (this.#after !== null && !this.#source) this.#listen();
  }

  #listen() {
    const search = searchWith(currentSearch(), { after: this.#after });
    const source = new EventSource(`${root}/stream${search}`);
    this.#source = source;
    if (!this.#failures) this.#say("Connecting", "waiting");
    source.onopen = () => {
      this.#failures = 0;
      this.#say("Live", "good");
    };
    source.onmessage = (event) => this.#take(event);
    source.addEventListener("position", (event) => { this.#after = event.lastEventId; });
    source.onerror = () => this.#fail(source);
  }

  #take(event) {
    this.#after = event.lastEventId || this.#after;
    this.#gathered.push(JSON.parse(event.data));
    if (this.#gathered.length > 1) return;
    window.setTimeout(() => {
      take(this.#gathered.splice(0));
      this.#refresh();
    }, GATHERED);
  }

  #fail(source) {
    this.#say("Reconnecting", "waiting");
    if (source.readyState !== EventSource.CLOSED || source !== this.#source) return;
    // The server answered something else than a stream, after which the browser does not try again.
    this.#source = null;
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)];
    this.#failures += 1;
    this.#timer = window.setTimeout(() => this.#listen(), pause);
    if (this.#failures > 1) refreshHealth(); // it sends who must log in there
  }

  // The figures follow, but not at every message, nor under somebody's hand.
  #refresh() {
    if (this.#figures !== null) return;
    this.#figures = window.setTimeout(async () => {
      this.#figures = null;
      if (document.hidden || !(await refreshFigures())) this.#refresh();
    }, document.getElementById("chart") ? FIGURES : 0);
  }

  #say(words, state) {
    const shown = document.getElementById("live");
    shown.hidden = !words;
    if (shown.textContent !== words) shown.textContent = words;
    shown.dataset.state = state;
  }
}

export const live = new Live();

document.addEventListener("visibilitychange", () => (document.hidden ? live.hide() : live.show()));
window.addEventListener("pagehide", () => live.stop());
window.addEventListener("pageshow", (event) => { if (event.persisted) live.show(); });
