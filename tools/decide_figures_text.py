"""Numbers as docs/figures/decide.md writes them."""


def percent(value):
    return "–" if value is None else f"{100 * value:.1f} %"


def with_interval(value, ends):
    if value is None:
        return "–"
    return f"{percent(value)} ({100 * ends[0]:.1f}–{100 * ends[1]:.1f})"


def number(value, form=".2f"):
    return "–" if value is None else f"{value:{form}}"


def points(value):
    return "–" if value is None else f"{100 * value:+.1f} points"
