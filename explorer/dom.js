// Makes elements. What comes from outside only ever becomes text: there is no way here from a text to markup.

/** @typedef {Node | string | number | false | null | undefined} Child */

/**
 * An element with attributes and children. A property `onclick` and the like is a function; true and false set or leave out
 * an attribute. Texts become text nodes.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export const el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') /** @type {any} */ (element).value = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  return put(element, ...children);
};

/**
 * Appends children; what is false or absent is left out.
 *
 * @template {Element} T
 * @param {T} parent
 * @param {...(Child | Child[])} children
 * @returns {T}
 */
export const put = (parent, ...children) => {
  for (const child of children.flat()) {
    if (child === undefined || child === null || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
  return parent;
};

/**
 * Takes everything out and puts this in.
 *
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export const fill = (parent, ...children) => {
  parent.replaceChildren();
  return put(parent, ...children);
};

/** Characters that show nothing, or turn the writing around: they are shown by their number. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00a0\u2000-\u200a\u3000]/u;

/**
 * A text from outside: set apart from the direction of what is around it, and with nothing in it that cannot be seen.
 *
 * @param {unknown} text
 * @param {string} [className]
 */
export const raw = (text, className = 'raw') => {
  const element = el('bdi', {class: className});
  for (const character of String(text)) {
    if (!unseen.test(character)) {
      if (element.lastChild instanceof Text) element.lastChild.data += character;
      else element.append(character);
      continue;
    }
    const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    element.append(el('span', {class: 'unseen', title: `character U+${number}`}, `U+${number}`));
  }
  return element;
};

/** @param {string} selector @returns {any} */
export const $ = (selector) => document.querySelector(selector);
