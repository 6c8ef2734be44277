"""Elements of an inline SVG, escaped, and the outer element that screen readers announce."""

from math import isfinite

from markupsafe import Markup, escape

from jobs.pages.palette import INK, PAPER

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TEXT_PX = 12

_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[] ·"), frozenset("mwMW@%—€+")


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return one element; attributes that are None are left out.

    Parameters
    ----------
    name : str
        Name of the element.
    *children : str
        Inner elements (Markup) or text, which is escaped.
    **attributes : str, float or None
        ``stroke_width=2`` is written ``stroke-width="2"``; numbers keep two decimals.

    Examples
    --------
    >>> element("text", "a < b", x=1.23456, text_anchor="end")
    Markup('<text x="1.23" text-anchor="end">a &lt; b</text>')
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup("<{}{}/>").format(name, written)
    inner = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, inner)


def picture(title: str, description: str, width: float, height: float, *children: str, label: bool = True) -> Markup:
    """Return the outer element: scales to its place on the page, named and described for those who cannot see it.

    Parameters
    ----------
    title, description : str
        What is drawn, and what there is to see in it.
    width, height : float
        Size in the units of the drawing.
    *children : str
        Elements inside.
    label : bool, default True
        False for a small picture whose numbers stand beside it as text.
    """
    named = {"role": "img", "aria_label": title} if label else {"aria_hidden": "true"}
    heads = (element("title", title), element("desc", description)) if label else ()
    return element(
        "svg",
        *heads,
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        font_family=FONT,
        font_size=TEXT_PX,
        **named,
    )


def text(
    words: str,
    x: float,
    y: float,
    *,
    anchor: str = "start",
    fill: str = INK,
    weight: int | None = None,
    halo: bool = False,
) -> Markup:
    """Return a line of text; with `halo` it stays readable over lines."""
    around: dict[str, str | float | None] = (
        {"stroke": PAPER, "stroke_width": 3.5, "stroke_linejoin": "round", "paint_order": "stroke"} if halo else {}
    )
    return element("text", words, x=x, y=y, text_anchor=anchor, fill=fill, font_weight=weight, **around)


def text_width(words: str, size: float = TEXT_PX) -> float:
    """Return about how wide a text is, in pixels; a little generous, for there is no font to ask."""
    return size * sum(0.36 if c in _NARROW else 0.9 if c in _WIDE else 0.7 if c.isupper() else 0.62 for c in words)


def shortened(words: str, width: float, size: float = TEXT_PX) -> str:
    """Return the text cut to a width, with an ellipsis where something was cut.

    Examples
    --------
    >>> shortened("short", 100), shortened("a very long name of an arm", 60)
    ('short', 'a very l…')
    """
    if text_width(words, size) <= width:
        return words
    while words and text_width(words + "…", size) > width:
        words = words[:-1]
    return words.rstrip() + "…"


def wrapped(words: str, width: float, lines: int = 2, size: float = TEXT_PX) -> list[str]:
    """Return the text in at most so many lines of a width, the last one cut if it must be.

    Examples
    --------
    >>> wrapped("cap of arm discount-evening reached", 130)
    ['cap of arm', 'discount-evening r…']
    """
    rows = [""]
    for word in words.split():
        longer = f"{rows[-1]} {word}".strip()
        if len(rows) == lines or not rows[-1] or text_width(longer, size) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return [shortened(row, width, size) for row in rows]


def path(points: list[tuple[float, float]]) -> str:
    """Return the drawing command of a line through points.

    Examples
    --------
    >>> path([(0, 0), (1.5, 2)])
    'M0,0L1.5,2'
    """
    return "M" + "L".join(f"{_value(x)},{_value(y)}" for x, y in points)


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if not isfinite(value):
        raise ValueError(f"{value} cannot be drawn")
    return f"{round(value, 2) + 0.0:.6g}"  # + 0.0 turns -0.0 into 0.0
