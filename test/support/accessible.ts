// What an auditor of accessibility looks at first, by hand: names, labels, landmarks, one heading of each page, contrast.

/** Runs in the page; answers what is wrong, a sentence each. */
export const faultsOfPage = `(() => {
  const faults = [];
  const shown = (element) => element.checkVisibility({visibilityProperty: true});
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const about = (element) => element.outerHTML.slice(0, 120);
  const textOf = (element) => (element.getAttribute('aria-label') ?? element.textContent).trim();
  for (const control of all('input, select, textarea')) {
    if (!control.labels?.length && !control.getAttribute('aria-label')) faults.push('no label: ' + about(control));
  }
  for (const one of all('button, a, summary')) if (textOf(one) === '') faults.push('no name: ' + about(one));
  for (const image of all('img')) if (!image.hasAttribute('alt')) faults.push('no alt: ' + about(image));
  for (const table of all('table')) if (!table.caption || table.getAttribute('role') !== 'table') faults.push('no caption or role: ' + about(table));
  for (const row of all('tbody tr')) if (row.getAttribute('role') !== 'row') faults.push('no role: ' + about(row));
  for (const region of all('section')) if (!region.getAttribute('aria-label')) faults.push('no label: ' + about(region));
  for (const [what, count] of [['h1', 1], ['main', 1], ['header', 1]]) {
    if (all(what).length !== count) faults.push(all(what).length + ' of ' + what);
  }
  for (const nav of all('nav')) if (!nav.getAttribute('aria-label')) faults.push('a nav without a label');
  if (document.documentElement.lang !== 'en') faults.push('no language');
  const ids = [...document.querySelectorAll('[id]')].map(({id}) => id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push('twice: #' + id);
  const levels = all('h1, h2, h3').map(({tagName}) => Number(tagName[1]));
  levels.forEach((level, at) => { if (at > 0 && level > levels[at - 1] + 1) faults.push('a heading of level ' + level + ' after one of ' + levels[at - 1]); });

  const parsed = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parsed(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  for (const element of all('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own || element.closest(':disabled') || element.matches('option, caption, noscript')) continue;
    const [a, b] = [luminance(parsed(getComputedStyle(element).color)), luminance(groundOf(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faults.push('contrast ' + contrast.toFixed(2) + ': ' + about(element));
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('wider than the window: ' + document.documentElement.scrollWidth);
  return faults;
})()`;
