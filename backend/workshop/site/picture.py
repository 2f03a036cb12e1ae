"""The chain as a picture: a line through all steps, on the track of what each is about.

Drawn as an SVG of 360 units in width, so that it fits on a phone. As a file it is shown by GitHub, too, and follows the
system's colours; put into the home page, it follows the site's and leads to the steps.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Mapping

from workshop import chain

TRACKS = ("schema", "data", "AI", "index", "graph")
# Each reads on the page's ground (AA as a graphic, 3:1, and as the text of its track's name, 4.5:1).
LIGHT = {"schema": "#2b5b84", "data": "#1a7444", "AI": "#b0224f", "index": "#7d5200", "graph": "#7a3e9d"}
DARK = {"schema": "#8fbfe8", "data": "#7fd1a3", "AI": "#f299b5", "index": "#e0b35c", "graph": "#cda2ea"}
INKS = (
    {"ink": "#1c2430", "quiet": "#4f5a68", "ground": "#fdfcfa", "line": "#9aa5b1"},
    {"ink": "#e4e7ec", "quiet": "#b3bcc7", "ground": "#161a20", "line": "#667180"},
)
WIDTH, ROW, TOP, LEFT, GAP, DOT = 360, 42, 58, 14, 20, 6.5
TEXT = LEFT + GAP * len(TRACKS) + 4
FILE = "assets/chain.svg"
_SHOWN = re.compile(rf'<img\b[^>]*src="[^"]*{re.escape(FILE)}"[^>]*>')


def put_in(page: str, address: Callable[[str], str]) -> str:
    """Return a page's HTML with the drawing itself where it shows the drawing's file.

    Args:
        page: the HTML.
        address: gives the address of a step's page.
    """
    return _SHOWN.sub(lambda _: drawing(address), page)


def drawing(address: Callable[[str], str] | None = None) -> str:
    """Return the SVG; with addresses, each step is a link."""
    height = TOP + ROW * len(chain.steps())
    said = "; ".join(f"{step.number} {step.title} ({step.kind})" for step in chain.steps())
    body = [_line(), *_heads(), *(_step(row, step, address) for row, step in enumerate(chain.steps()))]
    return (
        f'<svg class="chain" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'{"" if address else f"""width="{WIDTH}" height="{height}" """}'
        f'role="{"group" if address else "img"}" aria-labelledby="chain-title chain-desc">\n'
        f'<title id="chain-title">The chain of {len(chain.steps())} steps</title>\n'
        f'<desc id="chain-desc">{html.escape(said)}</desc>\n<style>{_style()}</style>\n' + "\n".join(body) + "\n</svg>"
    )


def _style() -> str:
    look = [
        f".chain{{font-family:system-ui,sans-serif;{_variables(INKS[0], LIGHT)}}}",
        ".chain .t{font-size:15px;font-weight:600;fill:var(--ink)}",
        ".chain .n{font-size:10.5px;fill:var(--quiet);font-family:ui-monospace,monospace}",
        ".chain .h{font-size:11px;font-weight:600}",
        ".chain .l{fill:none;stroke:var(--line);stroke-width:2.5;stroke-linejoin:round}",
        ".chain .d{stroke:var(--ground);stroke-width:2.5}",
        *(f".chain .k{n}{{fill:var(--k{n})}}" for n in range(len(TRACKS))),
    ]
    light, dark = _variables(INKS[0], LIGHT), _variables(INKS[1], DARK)
    look += [f"@media (prefers-color-scheme:dark){{.chain{{{dark}}}}}"]
    # On the site the reader's choice counts more than the system's.
    look += [f"[data-md-color-scheme=default] .chain{{{light}}}[data-md-color-scheme=slate] .chain{{{dark}}}"]
    return "".join(look)


def _variables(inks: Mapping[str, str], tracks: Mapping[str, str]) -> str:
    named = {**inks, **{f"k{n}": tracks[kind] for n, kind in enumerate(TRACKS)}}
    return "".join(f"--{name}:{color};" for name, color in named.items())


def _place(row: int, kind: str) -> tuple[float, float]:
    return LEFT + GAP * TRACKS.index(kind) + DOT, TOP + ROW * (row + 0.5)


def _line() -> str:
    """The line from step to step; between two tracks it goes aside in a curve."""
    places = [_place(row, step.kind) for row, step in enumerate(chain.steps())]
    path = "M{:g} {:g}".format(*places[0])
    for (x, y), (to_x, to_y) in itertools.pairwise(places):
        middle = (y + to_y) / 2
        path += f"C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}"
    return f'<path class="l" d="{path}"/>'


def _heads() -> list[str]:
    """The names of the tracks, aslant, so that they stand apart."""
    bottom = TOP - 4
    return [
        f'<text class="h k{n}" transform="translate({LEFT + GAP * n + DOT + 3:g} {bottom}) rotate(-50)">{kind}</text>'
        for n, kind in enumerate(TRACKS)
    ]


def _step(row: int, step: chain.Step, address: Callable[[str], str] | None) -> str:
    x, y = _place(row, step.kind)
    drawn = (
        f'<circle class="d k{TRACKS.index(step.kind)}" cx="{x:g}" cy="{y:g}" r="{DOT}"/>'
        f'<text class="t" x="{TEXT}" y="{y - 1:g}">{html.escape(step.title)}</text>'
        f'<text class="n" x="{TEXT}" y="{y + 13:g}">{step.name}</text>'
    )
    if not address:
        return drawn
    row_of_it = f'<rect class="r" x="0" y="{y - ROW / 2:g}" width="{WIDTH}" height="{ROW}" rx="6"/>'
    return f'<a href="{html.escape(address(step.name))}">{row_of_it}{drawn}</a>'
