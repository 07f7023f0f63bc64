/* The class buttons: one for each class that can be chosen, in the order of the label list. */
class ClassButtons {
  constructor(box) {
    this.box = box;
  }

  /** Builds the buttons, if they are other ones. True if they are. */
  set({ classes, hidden, guidelines }) {
    const key = JSON.stringify([classes, hidden, guidelines]);
    if (key === this.key) return false;
    this.key = key;
    this.classes = classes;
    this.hidden = new Set(hidden);
    this.byPlace = new Map();
    classes.forEach((name, place) => {
      if (!this.hidden.has(name)) this.byPlace.set(place, this.#button(name, place, definitionOf(name, guidelines)));
    });
    this.isLong = this.byPlace.size > KEYED_CLASSES;
    this.box.replaceChildren(...this.byPlace.values());
    this.box.classList.toggle("many", this.isLong);
    return true;
  }

  /** Marks the given, the suggested and the chosen class ("" = none). */
  mark(given, suggested, chosen) {
    for (const [place, button] of this.byPlace) {
      const name = this.classes[place];
      const words = [
        name === given ? "given" : name === suggested ? "suggested" : "", name === chosen ? "your choice" : "",
      ];
      button.classList.toggle("given", name === given);
      button.classList.toggle("suggested", name === suggested);
      button.classList.toggle("chosen", name === chosen);
      button.lastChild.textContent = words.filter(Boolean).join(", ");
    }
    const button = this.isLong && suggested && this.byPlace.get(this.classes.indexOf(suggested));
    if (button) this.box.scrollTop = button.offsetTop - 40;
  }

  #button(name, place, definition) {
    const button = commandButton("relabel", "class");
    button.dataset.place = place;
    const tooltip = definition || (name.length > LONGEST_NAME ? name : "");
    if (tooltip) button.title = clipped(tooltip, LONGEST_TOOLTIP);
    const printed = classKey(place);
    if (printed) {
      button.append(element("kbd", "", printed));
      button.setAttribute("aria-keyshortcuts", classShortcut(place));
    }
    button.append(element("bdi", "class-name", clipped(name)), element("span", "class-mark"));
    return button;
  }
}
