/**
 * Write an element's content anew and keep every node that can stay: the keyboard's focus, what is selected
 * and how far a box is scrolled stay with their nodes. Listeners of the new nodes do not come along where an
 * old one stays: listen on what holds them.
 */

/** @param {Element} element @param {...Node} content as of now */
export function rewrite(element, ...content) {
  content.forEach((wanted, place) => {
    const held = element.childNodes[place];
    if (!held) element.append(wanted);
    else if (!alike(held, wanted)) held.replaceWith(wanted);
    else if (held instanceof Element && wanted instanceof Element) {
      dress(held, wanted);
      rewrite(held, ...wanted.childNodes);
    } else if (held.nodeValue !== wanted.nodeValue) held.nodeValue = wanted.nodeValue;
  });
  while (element.childNodes.length > content.length) element.lastChild?.remove();
}

/** @param {Node} one @param {Node} other */
function alike(one, other) {
  return one.nodeName === other.nodeName && /** @type {Element} */ (one).namespaceURI === /** @type {Element} */ (other).namespaceURI;
}

/** The attributes of `wanted`, and no others. @param {Element} held @param {Element} wanted */
function dress(held, wanted) {
  for (const { name } of [...held.attributes]) if (!wanted.hasAttribute(name)) held.removeAttribute(name);
  for (const { name, value } of wanted.attributes) {
    if (held.getAttribute(name) === value) continue;
    // The page's policy refuses a style that is set as text.
    if (name === "style") /** @type {HTMLElement} */ (held).style.cssText = value;
    else held.setAttribute(name, value);
  }
}
