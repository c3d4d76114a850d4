"""Bar charts: upright, lying, grouped, stacked, histograms."""

from training.documents.axes import Plot, draw_legend, open_plot
from training.documents.pen import Pen, Rgb
from training.documents.sheet import Drawing


def draw(pen: Pen) -> Drawing:
    """Draw one bar chart."""
    plot = open_plot(pen)
    series = pen.hues(pen.pick((1, 1, 1, 2, 3)))
    colours = [colour for _, colour in series]
    lying, count, dense = pen.chance(0.3), pen.whole(3, 12), False
    if not lying and len(series) == 1 and pen.chance(0.15):
        count, dense = pen.whole(12, 30), True
    draw_bars(plot, colours, count=count, lying=lying)
    if not lying and not dense and pen.chance(0.8):
        write_labels(plot, count)
    if pen.chance(0.6 if len(series) > 1 else 0.1):
        draw_legend(plot, colours)
    name = series[0][0] if len(series) == 1 else ""
    return Drawing(plot.sheet.image, names(lying, dense), name, dark=plot.sheet.dark)


def names(lying: bool, dense: bool) -> tuple[str, ...]:
    """Return how the chart may be called."""
    if dense:
        return ("histogram", "bar chart", "bar graph")
    if lying:
        return ("horizontal bar chart", "bar chart", "bar graph")
    return ("bar chart", "bar graph", "column chart", "bar chart")


def draw_bars(plot: Plot, colours: list[Rgb], *, count: int, lying: bool) -> None:
    """Draw `count` groups of one bar per colour, side by side or stacked."""
    pen = plot.sheet.pen
    gap = pen.between(0.0 if count > 12 else 0.12, 0.5)
    stacked = len(colours) > 1 and pen.chance(0.3)
    edge = plot.sheet.ink if pen.chance(0.12) else None
    for group in range(count):
        start = 0.0
        for place, colour in enumerate(colours):
            size = (1 - gap) / count / (1 if stacked else len(colours))
            along = (group + gap / 2) / count + (0 if stacked else place * size)
            value = pen.between(0.05, 0.97) / (len(colours) if stacked else 1)
            first, second = (start, start + value) if stacked else (0.0, value)
            start = second
            box = (along, first, along + size, second)
            draw_bar(plot, (box[1], box[0], box[3], box[2]) if lying else box, colour, edge)


def draw_bar(
    plot: Plot, shares: tuple[float, float, float, float], fill: Rgb, edge: Rgb | None
) -> None:
    """Draw one bar given as shares of the plot: left, low, right, high."""
    left, low, right, high = shares
    plot.sheet.block((plot.x(left), plot.y(high), plot.x(right), plot.y(low) - 1), fill, edge=edge)


def write_labels(plot: Plot, count: int) -> None:
    """Write a short word under every group."""
    for group in range(count):
        at = (plot.x((group + 0.5) / count), plot.bottom + 4)
        size = max(7, plot.sheet.height * 0.03)
        plot.sheet.text(at, plot.sheet.pen.words(1)[:4], size=size, anchor="ma")
