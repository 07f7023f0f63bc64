/* Drawing: fills the markup of review_card.html. Whatever comes from a data set is set as text, never as markup. */
const FOLD_AT = 700; // characters of a text that are shown before "Show all"
const FLASH_MS = 150;
const SEVERITIES = ["near", "some way", "far"];
const DECISION_WORDS = { keep: "Kept", relabel: "Corrected", exclude: "Excluded", flag: "Second opinion" };

function decisionWords(action, label) {
  return action === "relabel" ? `Corrected to ${label}` : DECISION_WORDS[action] ?? "";
}

function percent(fraction) {
  const value = fraction * 100;
  return `${value.toLocaleString("en", { maximumFractionDigits: value >= 10 ? 0 : 1 })} %`;
}

function hundredths(value) {
  return value === null ? "not known" : value.toFixed(2);
}

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function folded(text) {
  // Not in the middle of a word or of a surrogate pair.
  const cut = text.slice(0, FOLD_AT).replace(/[\uD800-\uDBFF]$/, "");
  const space = cut.search(/\s+\S*$/);
  return `${space > FOLD_AT - 60 ? cut.slice(0, space) : cut} …`;
}

class ReviewView {
  constructor(root) {
    this.parts = {};
    for (const node of root.querySelectorAll("[data-part]")) this.parts[node.dataset.part] = node;
    if (IS_MAC) this.parts["redo-key"].textContent = "⌘ ⇧ Z";
    this.shown = null; // the card whose text and evidence are drawn
    this.isUnfolded = false;
  }

  /** One button for each class, in the order of the label list. */
  setClasses(classes) {
    const key = JSON.stringify(classes);
    if (key === this.classKey) return;
    this.classKey = key;
    this.classButtons = classes.map((name, place) => {
      const button = element("button", "class");
      button.type = "button";
      button.dataset.command = "relabel";
      button.dataset.place = place;
      button.title = name;
      const printed = classKey(place);
      if (printed) {
        button.append(element("kbd", "", printed));
        button.setAttribute("aria-keyshortcuts", classShortcut(place));
      }
      const word = element("bdi", "class-name", name);
      button.append(word, element("span", "class-mark"));
      return button;
    });
    this.parts.classes.replaceChildren(...this.classButtons);
    this.parts.classes.classList.toggle("many", classes.length > KEYED_CLASSES);
    this.parts["help-list"].replaceChildren(...helpRows(classes.length).flatMap(([keys, meaning]) => {
      const term = element("dt");
      term.append(...keys.map((key) => (key === "…" ? "…" : element("kbd", "", key))));
      return [term, element("dd", "", meaning)];
    }));
    this.shown = null;
  }

  /** Draws the queue's current state. `server` is the newest data from the server. */
  draw(queue, server) {
    const card = queue.card();
    this.#drawTop(queue, server, card);
    this.parts.columns.hidden = !card;
    this.parts.empty.hidden = Boolean(card);
    if (!card) {
      this.#drawEmpty(queue, server);
      this.shown = null;
      return;
    }
    this.#drawStatus(card, queue.decisionOn(card.index));
    if (card === this.shown) return;
    if (card.index !== this.shown?.index) this.isUnfolded = false;
    this.shown = card;
    this.#drawText(card);
    this.#drawLabels(card, server.classes);
    this.#drawEvidence(card);
  }

  unfold() {
    this.isUnfolded = true;
    this.#drawText(this.shown);
  }

  /** Confirms for a moment, above the text where the eye is, and tells screen readers. */
  confirm(kind, words, exampleId) {
    const { flash, spoken } = this.parts;
    spoken.textContent = exampleId ? `${words}, example ${exampleId}` : words;
    flash.textContent = words;
    flash.className = `flash tag ${kind}`;
    clearTimeout(this.flashTimer);
    for (const animation of flash.getAnimations()) animation.cancel();
    // A refusal has to be read; a confirmation only to be seen.
    const stay = kind === "refused" ? 10 * FLASH_MS : FLASH_MS;
    this.flashTimer = setTimeout(() => { flash.className = "flash"; }, stay + FLASH_MS);
    flash.animate([{ opacity: 1 }, { opacity: 1, offset: stay / (stay + FLASH_MS) }, { opacity: 0 }], stay + FLASH_MS);
  }

  /** Says that decisions wait to be stored ("" hides it). */
  setUnsaved(words) {
    this.parts.unsaved.hidden = !words;
    this.parts.unsaved.textContent = words;
  }

  #drawTop(queue, server, card) {
    const { place, track, fill, error } = this.parts;
    const done = Math.max(0, server.done + queue.unsavedCount());
    const position = Math.min(server.total, Math.max(1, server.position + queue.rank()));
    place.replaceChildren(
      ...(card ? [element("strong", "", position.toLocaleString("en")), ` of ${server.total.toLocaleString("en")}`] : []),
      element("span", "muted", `${card ? " · " : ""}${done.toLocaleString("en")} decided`),
    );
    track.setAttribute("aria-valuemax", server.total);
    track.setAttribute("aria-valuenow", Math.min(done, server.total));
    fill.style.width = `${server.total ? Math.min(100, (100 * done) / server.total) : 0}%`;
    error.hidden = !server.error;
    error.textContent = server.error ?? "";
  }

  #drawEmpty(queue, server) {
    const waits = queue.pending.length > 0;
    const done = Math.max(0, server.done + queue.unsavedCount());
    this.parts["empty-title"].textContent = waits ? "Fetching the next examples" : server.nothing_left;
    const undoable = `${done.toLocaleString("en")} decided. Undo brings the last one back.`;
    this.parts["empty-detail"].textContent = waits ? "Your decisions are being saved." : done ? undoable : "";
  }

  #drawStatus(card, decision) {
    const { status } = this.parts;
    const action = decision?.action ?? card.status;
    status.className = `tag ${action}`;
    status.textContent = action ? decisionWords(action, decision ? decision.label : card.current_label) : "";
    status.hidden = !action;
    this.parts["example-id"].textContent = [card.example_id, card.split_words].filter(Boolean).join(" · ");
  }

  #drawText(card) {
    const { text, unfold } = this.parts;
    const isLong = card.text.length > FOLD_AT && !this.isUnfolded;
    text.textContent = isLong ? folded(card.text) : card.text || "(no text)";
    text.classList.toggle("muted", !card.text);
    unfold.hidden = !isLong;
    unfold.textContent = isLong ? `Show all ${card.text.length.toLocaleString("en")} characters` : "";
  }

  #drawLabels(card, classes) {
    const { parts } = this;
    const hasSuggestion = Boolean(card.suggested_label) && card.suggested_label !== card.given_label;
    parts.given.textContent = card.given_label;
    parts["given-chip"].title = card.score_words;
    parts.suggested.textContent = card.suggested_label;
    parts.probability.textContent = card.suggested_probability === null ? "" : percent(card.suggested_probability);
    for (const name of ["arrow", "suggested-chip", "severity-box"]) parts[name].hidden = !hasSuggestion;
    parts.accept.disabled = !hasSuggestion;
    parts.columns.classList.toggle("agreed", !hasSuggestion);
    parts.severity.textContent = card.severity;
    parts["severity-box"].dataset.level = SEVERITIES.indexOf(card.severity) + 1;
    parts["severity-box"].title = `In this run ${card.similarity_words}`;
    parts.reason.textContent = card.reason;
    parts.reason.hidden = !card.reason;
    this.classButtons.forEach((button, place) => {
      const isGiven = classes[place] === card.given_label;
      const isSuggested = hasSuggestion && classes[place] === card.suggested_label;
      button.classList.toggle("given", isGiven);
      button.classList.toggle("suggested", isSuggested);
      button.lastChild.textContent = isGiven ? "given" : isSuggested ? "suggested" : "";
    });
    const suggested = this.classButtons[classes.indexOf(card.suggested_label)];
    if (suggested && classes.length > KEYED_CLASSES) parts.classes.scrollTop = suggested.offsetTop - 40;
  }

  #drawEvidence(card) {
    const chart = marginChart(card.margins, card.class_mean_margins);
    this.parts.chart.replaceChildren(chart ?? element("p", "muted small", "No epoch is finished yet."));
    this.parts.chart.title = `${card.score_words}, weight in training ${hundredths(card.weight)}`;
    this.parts["mean-name"].textContent = `mean ALM of ${card.given_label}`;
    this.parts["mean-name"].title = `Margins averaged over the epochs so far, mean of all examples labelled ${card.given_label}`;
    const rows = card.neighbours.map((neighbour) => {
      const row = element("li");
      row.title = `Cosine ${hundredths(neighbour.cosine)}`;
      const text = element("p", "neighbour-text", neighbour.text);
      text.dir = "auto";
      const label = element("p", "neighbour-label small");
      label.append(element("bdi", "", neighbour.label));
      if (neighbour.differs) label.append(element("span", "other", "≠ other label"));
      row.append(text, label);
      return row;
    });
    this.parts.neighbours.replaceChildren(...(rows.length ? rows : [element("li", "muted small", "None known for this run.")]));
  }
}
