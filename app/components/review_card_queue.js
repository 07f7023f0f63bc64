/* The queue behind the review card. No DOM here.
 *
 * The browser runs ahead of the server: it holds the next cards, decides on them at once and keeps every
 * decision as an event until the server says that it is stored ("acknowledged"). Events live in
 * sessionStorage too, so that a reload in the middle of a burst loses none; ids are made here, so that
 * sending one twice stores it once.
 */
const LOOK_BACK = 20; // decided cards that the left arrow still reaches
const KEPT_DECISIONS = 200; // decisions that undo can show again without asking the server

function newEventId() {
  // randomUUID exists only on https and localhost; getRandomValues exists everywhere.
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

class ReviewQueue {
  constructor(name) {
    this.storageName = `lane-review:${name}`;
    this.cards = []; // as the server sent them, in its order
    this.known = new Map(); // index -> newest card seen, so that undo can show it again
    this.done = []; // decisions in order, undone ones removed: {index, action, label}
    this.redoable = []; // what undo took off; index null where only the server knows
    this.returned = []; // undone here: shown before the server's cards, newest first
    this.skipped = [];
    this.current = null;
    this.view = null; // which filter the cards belong to
    this.lastFocus = null;
    this.pending = this.#restore();
  }

  /**
   * Takes the server's word: fresh cards, and which events it has stored. True if the card shown changed.
   * While `isHeld` (someone writes about it) the card stays, even if the server's cards are others now.
   */
  receive({ cards, acknowledged, focus, view }, isHeld) {
    const before = this.current;
    const stored = new Set(acknowledged);
    this.#setPending(this.pending.filter((event) => !stored.has(event.event_id)));
    if (view !== this.view) this.#startOver(view);
    this.cards = cards;
    for (const card of cards) this.known.set(card.index, card);
    this.skipped = this.skipped.filter((index) => cards.some((card) => card.index === index));
    if (focus !== this.lastFocus && this.known.has(focus)) this.current = focus;
    this.lastFocus = focus;
    const stays = isHeld && this.current !== null && !this.decisionOn(this.current);
    if (!stays && !this.#walk().includes(this.current)) this.current = this.#open()[0] ?? null;
    return before !== this.current;
  }

  card() {
    return this.known.get(this.current) ?? null;
  }

  /** The newest decision made here about an example, or undefined. */
  decisionOn(index) {
    return this.done.findLast((decision) => decision.index === index);
  }

  /** True while a decision on the example is made but not known to be stored. */
  isUnsaved(index) {
    let unsaved = false;
    for (const event of this.pending) if (event.index === index) unsaved = event.kind !== "undo";
    return unsaved;
  }

  /** Decides on the card shown. `circumstances` go with the event: lead_time_s, note, is_settling. */
  decide(action, label, circumstances) {
    const card = this.card();
    const event = { kind: "decision", index: card.index, action, label, ...circumstances };
    event.seen_label = card.current_label || card.given_label;
    event.seen_version = card.version;
    this.redoable = [];
    this.#commit({ index: card.index, action, label });
    this.#emit(event);
  }

  /** Shows the last decided card again if it is still here. Returns its decision, or null if only the server knows. */
  undo() {
    const last = this.done.pop() ?? null;
    this.redoable.push(last);
    if (last && !this.decisionOn(last.index)) this.returned.unshift(last.index);
    const isHere = last && this.known.has(last.index); // not after a reload: the server then says what to show
    if (isHere) this.current = last.index;
    this.#emit({ kind: "undo", index: isHere ? last.index : null });
    return last;
  }

  redo() {
    const again = this.redoable.pop() ?? null;
    if (again) this.#commit(again);
    this.#emit({ kind: "redo", index: again?.index ?? null });
    return again;
  }

  /** Cards at hand that are neither decided nor skipped. */
  numFresh() {
    return this.#open().length - this.skipped.length;
  }

  /** Moves the card behind the others at hand. False if it is the only one. */
  skip() {
    const index = this.current;
    const next = this.#following(index);
    if (next === null) return false;
    this.skipped = this.skipped.filter((other) => other !== index);
    if (!this.decisionOn(index)) this.skipped.push(index);
    this.current = next;
    return true;
  }

  /** Looks one card back (-1) or forth (+1) without deciding. False at either end. */
  look(step) {
    const walk = this.#walk();
    const next = walk[walk.indexOf(this.current) + step];
    if (next === undefined) return false;
    this.current = next;
    return true;
  }

  /** Place of the card shown, counted from 0 at the first card the server sent; negative when looking back. */
  rank() {
    const rank = this.cards.findIndex((card) => card.index === this.current);
    if (rank >= 0) return rank;
    const walk = this.#walk();
    const firstSent = walk.findIndex((index) => this.cards.some((card) => card.index === index));
    return walk.indexOf(this.current) - (firstSent < 0 ? walk.length : firstSent);
  }

  /** Decisions made here that the server's own count does not hold yet. */
  unsavedCount() {
    return this.pending.reduce((count, event) => count + (event.kind === "undo" ? -1 : 1), 0);
  }

  #commit(decision) {
    const next = this.#following(decision.index);
    if (this.current === decision.index) this.current = next;
    this.done.push(decision);
    this.done = this.done.slice(-KEPT_DECISIONS);
    this.returned = this.returned.filter((index) => index !== decision.index);
    this.skipped = this.skipped.filter((index) => index !== decision.index);
  }

  #emit(event) {
    this.#setPending([...this.pending, { event_id: newEventId(), ...event }]);
  }

  /** Cards still to decide, in the order they are shown. */
  #open() {
    const sent = this.cards.map((card) => card.index).filter((index) => !this.returned.includes(index));
    const open = [...this.returned, ...sent].filter((index) => this.known.has(index) && !this.decisionOn(index));
    const skipped = this.skipped.filter((index) => open.includes(index));
    return [...open.filter((index) => !skipped.includes(index)), ...skipped];
  }

  /** Everything the arrows reach: the last decided cards, then the open ones. */
  #walk() {
    const decided = new Set(this.done.map((decision) => decision.index).reverse());
    const back = [...decided].filter((index) => this.known.has(index)).slice(0, LOOK_BACK).reverse();
    return [...back, ...this.#open()];
  }

  #following(index) {
    const open = this.#open();
    const place = open.indexOf(index);
    return open[place + 1] ?? open.find((other) => other !== index) ?? null;
  }

  /** After a reload, or for another filter: only what is not stored yet is known here and nowhere else. */
  #startOver(view) {
    this.view = view;
    this.done = [];
    this.redoable = [];
    this.returned = [];
    this.skipped = [];
    this.current = null;
    for (const event of this.pending) this.#replay(event);
  }

  /** Rebuilds what was decided from an event that is not stored yet. */
  #replay(event) {
    if (event.kind === "decision") this.done.push(event);
    else if (event.kind === "undo") this.redoable.push(this.done.pop() ?? null);
    else {
      const again = this.redoable.pop();
      if (again) this.done.push(again);
    }
  }

  #setPending(events) {
    this.pending = events;
    try {
      if (events.length) sessionStorage.setItem(this.storageName, JSON.stringify(events));
      else sessionStorage.removeItem(this.storageName);
    } catch {
      // Storage can be full or forbidden: the events in memory are then all there is.
    }
  }

  #restore() {
    try {
      const events = JSON.parse(sessionStorage.getItem(this.storageName) ?? "[]");
      return Array.isArray(events) ? events : [];
    } catch {
      return [];
    }
  }
}
