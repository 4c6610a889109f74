/** Shows what is not text in a name: bytes, control characters, changes of direction. */
function shown(name) {
  return name.replace(
    /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (character) => {
      const code = character.codePointAt(0);
      return code >= 0xdc80 && code <= 0xdcff
        ? `\\x${(code - 0xdc00).toString(16)}`
        : `\\u${code.toString(16).padStart(4, "0")}`;
    },
  );
}

const NUMBERS = new Intl.NumberFormat("en");
const PERCENT = new Intl.NumberFormat("en", {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

function number(value) {
  return NUMBERS.format(value);
}

function count(value, what) {
  return `${number(value)} ${what}${value === 1 ? "" : "s"}`;
}

/** A size in the unit that it has at least one of; Lambda's MB has 1,048,576 bytes. */
function size(bytes) {
  for (const [unit, factor] of [["GB", 2 ** 30], ["MB", 2 ** 20], ["KB", 2 ** 10]]) {
    if (bytes >= factor) return `${(bytes / factor).toFixed(1)} ${unit}`;
  }
  return count(bytes, "byte");
}

/** A time of so many microseconds, to three digits at most. */
function time(us) {
  if (us >= 999_500) return `${(us / 1e6).toFixed(2)} s`;
  return us >= 9_950 ? `${Math.round(us / 1000)} ms` : `${(us / 1000).toFixed(1)} ms`;
}

function share(part, whole) {
  return PERCENT.format(whole ? part / whole : 0);
}
