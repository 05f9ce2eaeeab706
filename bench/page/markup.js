// HTML and SVG as tagged templates. Whatever is put in is escaped, unless it is markup itself. Pure.

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

class Markup {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/** Lists are joined; null, undefined and false are nothing. */
export function markup(parts, ...values) {
  return new Markup(String.raw({ raw: parts }, ...values.map(textOf)));
}

/** For text that is markup already and ours: a style sheet, the data of a path. */
export function trusted(text) {
  return new Markup(text);
}

function textOf(value) {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (value === null || value === undefined || value === false) return '';
  return String(value).replace(/[&<>"']/g, (special) => ENTITIES[special]);
}
