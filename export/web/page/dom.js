/** Elements, and the few kinds of them that the controls are made of. */

let numElements = 0;

/** An element with properties and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

export function button(text, onclick, properties = {}) {
  return element("button", {
    type: "button",
    textContent: text,
    onclick,
    ...properties,
  });
}

/** A titled group of controls. */
export function group(title, ...children) {
  return element(
    "fieldset",
    {},
    element("legend", { textContent: title }),
    ...children,
  );
}

/** A control with its label before it. */
export function labelled(text, control) {
  control.id ||= `control-${numElements++}`;
  const label = element("label", { htmlFor: control.id, textContent: text });
  return element("div", { className: "field" }, label, control);
}

/** A slider that shows its value; `element.set(value)` moves it. */
export function slider(text, [low, high], value, onvalue, step = "any") {
  const input = element("input", { type: "range", min: low, max: high, step });
  const shown = element("output");
  const made = labelled(text, input);
  made.classList.add("slider");
  made.append(shown);
  made.classList.toggle("numbered", /^\d+$/.test(text));
  made.set = (next) => {
    input.value = next;
    shown.textContent = step === 1 ? String(next) : Number(next).toFixed(2);
  };
  made.set(value);
  input.oninput = () => {
    made.set(input.valueAsNumber);
    onvalue(input.valueAsNumber);
  };
  return made;
}

/** A choice of one value: a row of buttons if they are few, else a list. */
export function choice(text, options, chosen, onvalue) {
  return options.length <= 13
    ? radios(text, options, chosen, onvalue)
    : labelled(text, list(options, chosen, onvalue));
}

/** A list to choose from; an option is `[value, text]`. */
export function list(options, chosen, onvalue) {
  const made = element("select");
  for (const [value, text] of options) made.append(new Option(text, value));
  made.value = chosen;
  made.onchange = () => onvalue(made.value);
  return made;
}

/** Colours to choose from; an option is `[colour, text]`. */
export function swatches(text, options, chosen, onvalue) {
  const row = radios(text, options, chosen, onvalue);
  row.classList.add("swatches");
  for (const input of row.querySelectorAll("input")) {
    const swatch = input.nextSibling;
    swatch.style.background = input.value;
    input.ariaLabel = input.parentElement.title = swatch.textContent;
    swatch.textContent = "";
  }
  return row;
}

function radios(text, options, chosen, onvalue) {
  const name = `choice-${numElements++}`;
  const row = element("div", {
    className: "radios",
    role: "radiogroup",
    "aria-label": text,
  });
  for (const [value, label] of options) {
    const input = element("input", { type: "radio", name, value });
    input.checked = value === chosen;
    input.onchange = () => onvalue(value);
    row.append(element("label", {}, input, element("span", { textContent: label })));
  }
  return row;
}
