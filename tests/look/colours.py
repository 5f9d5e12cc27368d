"""Reading the tokens of static/css/tokens.css, and the contrast WCAG 2 computes from two of them."""

import re
from pathlib import Path

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
LIGHT = r"^:root \{\n(.*?)^\}"
CHOSEN_DARK = r'^:root\[data-theme="dark"\] \{\n(.*?)^\}'
WISHED_DARK = r'^  :root:not\(\[data-theme="light"\]\) \{\n(.*?)^  \}'


def block(pattern: str) -> dict[str, str]:
    """Return name -> value of the custom properties in one block of tokens.css."""
    body = re.search(pattern, (CSS / "tokens.css").read_text(), re.DOTALL | re.MULTILINE).group(1)
    return dict(re.findall(r"--([\w-]+):\s*(.+?);\n", body))


def modes() -> dict[str, dict[str, str]]:
    """Return the tokens as they hold in light and in dark."""
    light = block(LIGHT)
    return {"light": light, "dark": light | block(CHOSEN_DARK)}


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2) of a colour written #rrggbb."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)
