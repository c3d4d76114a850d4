"""Scatter plots: clouds of points, filled or hollow."""

from training.documents.axes import Plot, draw_legend, number_columns, open_plot
from training.documents.pen import Pen, Rgb
from training.documents.sheet import Drawing

NAMES = ("scatter plot", "scatter chart", "scatterplot of data points", "dot plot", "scatter plot")


def draw(pen: Pen) -> Drawing:
    """Draw one scatter plot."""
    plot = open_plot(pen)
    series = pen.hues(pen.pick((1, 1, 2, 3)))
    radius = pen.pick((1.5, 2, 2.5, 3, 4, 5))
    for _, colour in series:
        draw_cloud(plot, colour, radius)
    if pen.chance(0.7):
        number_columns(plot)
    if len(series) > 1 and pen.chance(0.4):
        draw_legend(plot, [colour for _, colour in series])
    name = series[0][0] if len(series) == 1 else ""
    return Drawing(plot.sheet.image, NAMES, name, dark=plot.sheet.dark)


def draw_cloud(plot: Plot, colour: Rgb, radius: float) -> None:
    """Draw one cloud, its two axes more or less correlated."""
    pen = plot.sheet.pen
    across, up = pen.between(0.25, 0.75), pen.between(0.25, 0.75)
    spread, slope, hollow = pen.between(0.06, 0.24), pen.between(-1, 1), pen.chance(0.12)
    for _ in range(pen.whole(25, 150)):
        offset = pen.rng.gauss(0, spread)
        height = up + slope * offset + pen.rng.gauss(0, spread * 0.6)
        x, y = plot.x(clip(across + offset)), plot.y(clip(height))
        if hollow:
            plot.sheet.draw.ellipse(
                (x - radius, y - radius, x + radius, y + radius), outline=colour
            )
        else:
            plot.sheet.disc((x, y), radius, colour)


def clip(share: float) -> float:
    """Keep a share inside the plot."""
    return min(0.98, max(0.02, share))
