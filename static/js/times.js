// Writes every <time> in the reader's own zone: a clock time or date, "5 min ago" inside rows, cards and [data-relative],
// and on paper, which does not know when it is read, all of it.
(() => {
  const RELATIVE = "[data-relative], [id^=row-], [id^=card-]";
  const PAPER = ".paper-sheet";
  const MINUTE = 60_000;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;

  const page = document.documentElement;
  const locale = navigator.language.startsWith(page.lang) ? navigator.language : page.lang;
  const full = formatter({ dateStyle: "full", timeStyle: "long" });
  const clock = formatter({ hour: "numeric", minute: "2-digit" });
  const thisYear = formatter({ day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
  const otherYear = formatter({ dateStyle: "medium", timeStyle: "short" });
  const whole = formatter({ year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" });
  const day = formatter({ dateStyle: "short" });

  localise();
  document.addEventListener("htmx:after:swap", localise);
  setInterval(refresh, MINUTE);
  document.addEventListener("visibilitychange", refresh);

  // A time without a title comes fresh from the server: a morph takes the title away again.
  function localise() {
    for (const element of document.querySelectorAll("time[datetime]:not([title])")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      element.title = full.format(moment);
      write(element, moment);
    }
  }

  function refresh() {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("time[title]")) write(element, new Date(element.dateTime));
  }

  function write(element, moment) {
    const words = wordsFor(element, moment);
    if (element.textContent !== words) element.textContent = words;
  }

  function wordsFor(element, moment) {
    if (element.closest(PAPER)) return whole.format(moment);
    return element.closest(RELATIVE) ? relative(moment) : absolute(moment);
  }

  function relative(moment) {
    const age = Date.now() - moment;
    if (age < -MINUTE || age >= 7 * DAY) return absolute(moment);
    if (age < MINUTE) return "just now";
    if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
    if (age < DAY) return `${Math.floor(age / HOUR)} h ago`;
    const days = Math.floor(age / DAY);
    return days === 1 ? "1 day ago" : `${days} days ago`;
  }

  function absolute(moment) {
    const now = new Date();
    if (day.format(moment) === day.format(now)) return clock.format(moment);
    return (year(moment) === year(now) ? thisYear : otherYear).format(moment);
  }

  function year(moment) {
    return otherYear.formatToParts(moment).find((part) => part.type === "year").value;
  }

  function formatter(options) {
    try {
      return new Intl.DateTimeFormat(locale, { ...options, timeZone: page.dataset.timeZone || undefined });
    } catch {
      return new Intl.DateTimeFormat(locale, options); // a zone this browser does not know yet
    }
  }
})();
