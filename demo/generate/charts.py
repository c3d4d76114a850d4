"""Charts and dashboards."""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from PIL import Image, ImageDraw

from demo.generate.backgrounds import pastel
from demo.generate.content import DOMAINS, ChartText, load
from demo.generate.encode import encode
from demo.generate.item import Item
from demo.generate.paint import Colour, Pen, face

SIZE = (520, 400)
FRAME = (40, 80, 500, 350)
INK = (44, 48, 58)


def charts() -> Iterator[Item]:
    """Yield every chart and dashboard."""
    listed = load("charts", dict[str, tuple[ChartText, ...]])
    for domain in DOMAINS:
        for place, chart in enumerate(listed[domain]):
            key = f"{domain}/charts/figure-{place + 1:02}.png"
            data = encode(draw_chart(chart, Random(key)), "png")
            values = "\n".join(
                f"{label} {value}" for label, value in zip(chart.labels, chart.values, strict=True)
            )
            yield Item(key, data, text=f"{chart.title}\n{values}", topics=chart.topics)


def draw_chart(chart: ChartText, rng: Random) -> Image.Image:
    """Return the picture of a chart."""
    picture = Image.new("RGB", SIZE, (255, 255, 255))
    Pen(picture, left=24, top=20, ink=INK).line(chart.title, "DejaVuSans-Bold", 24)
    _STYLES[chart.style](ImageDraw.Draw(picture), chart, pastel(rng, lightness=0.5))
    return picture


def _label(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int) -> None:
    draw.text(place, text, font=face("DejaVuSans", size), fill=INK, anchor="mm")


def _axes(draw: ImageDraw.ImageDraw) -> None:
    left, top, right, bottom = FRAME
    for step in range(5):
        height = top + (bottom - top) * step / 4
        draw.line((left, height, right, height), fill=(226, 228, 232))
    draw.line((left, top, left, bottom, right, bottom), fill=INK, width=2)


def _spots(chart: ChartText) -> list[tuple[float, float]]:
    left, top, right, bottom = FRAME
    step = (right - left) / len(chart.values)
    highest = max(chart.values) * 1.15
    return [
        (left + step * (place + 0.5), bottom - (bottom - top) * value / highest)
        for place, value in enumerate(chart.values)
    ]


def _names(draw: ImageDraw.ImageDraw, chart: ChartText) -> None:
    for (x, y), label, value in zip(_spots(chart), chart.labels, chart.values, strict=True):
        _label(draw, (x, FRAME[3] + 20), label, 17)
        _label(draw, (x, y - 16), str(value), 15)


def _bars(draw: ImageDraw.ImageDraw, chart: ChartText, colour: Colour) -> None:
    _axes(draw)
    half = (FRAME[2] - FRAME[0]) / len(chart.values) * 0.32
    for x, y in _spots(chart):
        draw.rectangle((x - half, y, x + half, FRAME[3] - 1), fill=colour)
    _names(draw, chart)


def _line(draw: ImageDraw.ImageDraw, chart: ChartText, colour: Colour) -> None:
    _axes(draw)
    spots = _spots(chart)
    draw.line(spots, fill=colour, width=4)
    for x, y in spots:
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=colour)
    _names(draw, chart)


def _shade(colour: Colour, place: int) -> Colour:
    red, green, blue = (round(c + (255 - c) * place * 0.2) for c in colour)
    return red, green, blue


def _pie(draw: ImageDraw.ImageDraw, chart: ChartText, colour: Colour) -> None:
    start, whole = -90.0, sum(chart.values)
    for place, (label, value) in enumerate(zip(chart.labels, chart.values, strict=True)):
        end = start + 360 * value / whole
        draw.pieslice((24, 110, 254, 340), start, end, fill=_shade(colour, place), outline="white")
        top = 130 + place * 48
        draw.rectangle((276, top, 300, top + 24), fill=_shade(colour, place))
        text = f"{label} {value} %"
        draw.text((312, top + 1), text, font=face("DejaVuSans", 19), fill=INK)
        start = end


def _tiles(draw: ImageDraw.ImageDraw, chart: ChartText, colour: Colour) -> None:
    for place, (label, value) in enumerate(zip(chart.labels, chart.values, strict=True)):
        left, top = 24 + place % 2 * 242, 80 + place // 2 * 150
        draw.rounded_rectangle((left, top, left + 230, top + 135), 12, fill=(243, 245, 248))
        draw.rectangle((left, top + 20, left + 5, top + 115), fill=colour)
        draw.text((left + 24, top + 18), label, font=face("DejaVuSans", 19), fill=INK)
        draw.text((left + 24, top + 56), str(value), font=face("DejaVuSans-Bold", 44), fill=INK)


_STYLES: Mapping[str, Callable[[ImageDraw.ImageDraw, ChartText, Colour], None]] = {
    "bars": _bars,
    "line": _line,
    "pie": _pie,
    "tiles": _tiles,
}
