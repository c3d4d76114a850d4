"""Line charts: one or several series, with or without markers or a filled area."""

from training.documents.axes import Plot, draw_legend, number_columns, open_plot
from training.documents.pen import Pen, Rgb, blend
from training.documents.sheet import Drawing

NAMES = ("line chart", "line graph", "line chart", "time series plot", "trend line chart")


def draw(pen: Pen) -> Drawing:
    """Draw one line chart."""
    plot = open_plot(pen, dark_share=0.18)
    series = pen.hues(pen.pick((1, 1, 2, 3, 4)))
    count, width = pen.pick((6, 8, 12, 20, 40, 60)), pen.pick((1, 2, 2, 3, 4))
    marked, filled = count <= 20 and pen.chance(0.4), len(series) == 1 and pen.chance(0.15)
    for _, colour in series:
        points = walk(plot, count)
        if filled:
            floor = [(points[-1][0], plot.bottom), (points[0][0], plot.bottom)]
            shade = blend(plot.sheet.paper, colour, 0.35)
            plot.sheet.draw.polygon([*points, *floor], fill=shade)
        draw_series(plot, points, colour, width=width, marked=marked)
    if pen.chance(0.7):
        number_columns(plot)
    if pen.chance(0.55):
        draw_legend(plot, [colour for _, colour in series], as_lines=True)
    return Drawing(
        plot.sheet.image, NAMES, series[0][0] if len(series) == 1 else "", dark=plot.sheet.dark
    )


def walk(plot: Plot, count: int) -> list[tuple[float, float]]:
    """Return the points of a random walk that stays inside the plot."""
    pen = plot.sheet.pen
    margin = pen.pick((0.0, 0.0, 0.045))
    level, drift, noise = (
        pen.between(0.2, 0.8),
        pen.between(-0.6, 0.6) / count,
        pen.between(0.03, 0.11),
    )
    points = []
    for step in range(count):
        level = min(0.96, max(0.04, level + drift + pen.rng.gauss(0, noise)))
        share = margin + (1 - 2 * margin) * step / (count - 1)
        points.append((plot.x(share), plot.y(level)))
    return points


def draw_series(
    plot: Plot, points: list[tuple[float, float]], colour: Rgb, *, width: int, marked: bool
) -> None:
    """Draw one series."""
    plot.sheet.line(points, colour, width)
    if marked:
        for point in points:
            plot.sheet.disc(point, width + 1.5, colour)
