/* Type-ahead: chooses a class by a part of its name. */
const LISTED_CLASSES = 100;

/** Lower case, without accents. */
function plainName(name) {
  return name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Places of the classes with the words in their name; those that begin with them first. */
function foundPlaces(classes, hidden, words) {
  const wanted = plainName(words.trim());
  const found = { begins: [], holds: [] };
  classes.forEach((name, place) => {
    const at = hidden.has(name) ? -1 : plainName(name).indexOf(wanted);
    if (at >= 0) found[at ? "holds" : "begins"].push(place);
  });
  return [...found.begins, ...found.holds];
}

class ClassFinder {
  /** `choose` is called with the place of the chosen class, `say` with words for a screen reader. */
  constructor(parts, { choose, say, giveFocusBack }) {
    this.box = parts.finder;
    this.input = parts["finder-input"];
    this.list = parts["finder-list"];
    this.words = parts["finder-words"];
    Object.assign(this, { choose, say, giveFocusBack });
    this.input.addEventListener("input", () => this.#search());
    this.input.addEventListener("blur", () => this.close(false));
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role='option']");
      if (option) this.#take(Number(option.dataset.place));
    });
  }

  get isOpen() {
    return !this.box.hidden;
  }

  open(classes, hidden) {
    this.classes = classes;
    this.hidden = hidden;
    this.box.hidden = false;
    this.input.value = "";
    this.input.focus();
    this.#search();
  }

  close(givesFocusBack = true) {
    if (!this.isOpen) return;
    this.box.hidden = true;
    this.list.replaceChildren();
    if (givesFocusBack) this.giveFocusBack();
  }

  /** A key that was pressed in the box. */
  onKey(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && !["Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    const options = this.list.children;
    if (step && options.length) this.#activate((this.active + step + options.length) % options.length);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && options.length && !event.repeat) this.#take(Number(options[this.active].dataset.place));
  }

  #take(place) {
    this.close();
    this.choose(place);
  }

  #search() {
    const places = foundPlaces(this.classes, this.hidden, this.input.value);
    this.list.replaceChildren(...places.slice(0, LISTED_CLASSES).map((place, row) => {
      const option = element("li", "option");
      option.setAttribute("role", "option");
      option.id = `lane-option-${row}`;
      option.dataset.place = place;
      option.append(nameNode(this.classes[place]));
      if (classKey(place)) option.append(element("kbd", "", classKey(place)));
      return option;
    }));
    this.list.hidden = !places.length;
    this.input.setAttribute("aria-expanded", String(places.length > 0));
    const more = places.length - LISTED_CLASSES;
    this.words.textContent = !places.length ? "No class has this in its name."
      : more > 0 ? `And ${counted(more)} more: type on.` : "";
    this.say(places.length ? `${counted(places.length)} ${places.length === 1 ? "class" : "classes"}` : this.words.textContent);
    if (places.length) this.#activate(0);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #activate(row) {
    this.active = row;
    [...this.list.children].forEach((option, other) => option.setAttribute("aria-selected", String(other === row)));
    const option = this.list.children[row];
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
}
