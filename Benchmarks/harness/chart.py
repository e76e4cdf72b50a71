"""A chart of the results as SVG, readable in light and in dark."""

from html import escape

from harness.rounds import figure

WIDTH, LABELS, VALUES = 900, 300, 110
BAR, GAP, HEAD = 18, 7, 54

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .head { font-size: 16px; font-weight: 600; }
  .small { font-size: 12px; fill: #57606a; }
  .floor { fill: #afb8c1; } .taskrun { fill: #0969da; } .peer { fill: #bf8700; }
  .spread { stroke: #24292f; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .small { fill: #9198a1; }
    .floor { fill: #656c76; } .taskrun { fill: #4493f8; } .peer { fill: #d29922; }
    .spread { stroke: #e6edf3; }
  }
"""


def chart(results):
    """The whole picture: one block a scenario, one bar a contender, the longest first."""
    parts = list(legend())
    top = 44
    for scenario in results["scenarios"]:
        if scenario["in_chart"]:
            lines, height = block(scenario, top)
            parts += lines
            top += height
    size = f'viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>Tasks a second, {results['date'][:10]}</title>",
        f"<style>{STYLE}</style>",
        *parts,
        "</svg>\n",
    ])  # fmt: skip


def legend():
    """What the colours mean."""
    words = (("floor", "floor: the bare statements in C"), ("taskrun", "taskrun"), ("peer", "others"))
    for (kind, text), x in zip(words, (12, 240, 330)):
        yield f'<rect class="{kind}" x="{x}" y="14" width="12" height="12" rx="2"/>'
        yield f'<text class="small" x="{x + 18}" y="24">{text}</text>'


def block(scenario, top):
    """The lines of a scenario, and their height."""
    measured = [contender for contender in scenario["contenders"] if "value" in contender]
    measured.sort(key=lambda contender: -contender["value"]["median"])
    longest = max((contender["value"]["max"] for contender in measured), default=1)
    scale = (WIDTH - LABELS - VALUES) / longest
    lines = [
        f'<text class="head" x="12" y="{top + 18}">{escape(scenario["title"])}</text>',
        f'<text class="small" x="12" y="{top + 36}">{scenario["unit"]}, median, least to greatest</text>',
    ]
    y = top + HEAD
    for contender in measured:
        value = contender["value"]
        middle = y + BAR / 2
        lines += [
            f'<text x="{LABELS - 8}" y="{middle + 4.5}" text-anchor="end">{escape(contender["title"])}</text>',
            bar(contender["kind"], y, max(1, value["median"] * scale)),
            line(LABELS + value["min"] * scale, LABELS + value["max"] * scale, middle),
            f'<text x="{LABELS + value["max"] * scale + 8:.1f}" y="{middle + 4.5}">{figure(value["median"])}</text>',
        ]
        y += BAR + GAP
    return lines, y - top + 16


def bar(kind, y, width):
    """A median."""
    return f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'


def line(start, end, y):
    """From the least to the greatest."""
    return f'<line class="spread" x1="{start:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}"/>'
