"""What every page and picture of ours must be: closed tags, one of each id, nothing from elsewhere."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})


class Reader(HTMLParser):
    """Reads a page, holding it to closed tags; keeps attributes, words and pictures."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


def checked(html: str) -> str:
    """Hold a page to its promises and return its words, with single spaces."""
    assert html.startswith("<!DOCTYPE html>")
    assert len(html.encode()) < 1_000_000
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert "<script" not in html.lower()
    assert "@import" not in html
    assert "url(" not in html
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), f"<{tag} {name}>"
        if (tag, name) == ("a", "href") and value.endswith(".html"):
            assert not value.startswith(("http", "//", "s3:")), f"<{tag} {name}={value}> is no page on this machine"
        elif name in {"src", "href", "xlink:href", "action", "data"}:
            assert value.startswith("#"), f"<{tag} {name}={value}> reaches elsewhere"
            assert value[1:] in ids
    for picture in re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL):
        drawn(picture)
    return " ".join(" ".join(reader.words).split())


def drawn(picture: object) -> ET.Element:
    """Parse a picture as XML and hold it to numbers that can be drawn, inside its box."""
    text = str(picture)
    root = ET.fromstring(text)
    assert root.tag == "svg"
    _, _, width, height = (float(v) for v in root.attrib["viewBox"].split())
    assert width > 0
    assert height > 0
    if root.attrib.get("aria-hidden") != "true":
        assert root.attrib["role"] == "img"
        assert root.find("title") is not None
        assert root.find("desc") is not None
    for element in root.iter():
        for name, value in element.attrib.items():
            assert "nan" not in value.lower().split(), f"{element.tag} {name}={value}"
            assert "inf" not in value.lower(), f"{element.tag} {name}={value}"
        for name, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width)):
            if name in element.attrib:
                assert -1 <= float(element.attrib[name]) <= limit + 1, f"{element.tag} {name} is cut off"
        for name in ("y", "y1", "y2", "cy"):
            if name in element.attrib:
                assert -1 <= float(element.attrib[name]) <= height + 1, f"{element.tag} {name} is cut off"
    return root


def words(picture: object) -> list[str]:
    """The texts of a picture, in the order they are drawn."""
    return [element.text or "" for element in drawn(picture).iter("text")]
