"""The frame that bar, line and scatter charts share: axes, grid, ticks, legend, title."""

from dataclasses import dataclass

from training.documents.pen import WHITE, Pen, Rgb
from training.documents.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Plot:
    """The rectangle inside the axes, in pixels."""

    sheet: Sheet
    left: float
    top: float
    right: float
    bottom: float

    def x(self, share: float) -> float:
        """Return the pixel column at `share` of the width."""
        return self.left + (self.right - self.left) * share

    def y(self, share: float) -> float:
        """Return the pixel row at `share` of the height, counted from below."""
        return self.bottom - (self.bottom - self.top) * share


def open_plot(pen: Pen, *, dark_share: float = 0.15) -> Plot:
    """Start a chart: page, axes in one of several manners, ticks and sometimes a title."""
    sheet = Sheet(pen, pen.landscape(), dark=pen.chance(dark_share))
    width, height = sheet.width, sheet.height
    plot = Plot(
        sheet,
        width * pen.between(0.06, 0.17),
        height * pen.between(0.05, 0.18),
        width * pen.between(0.88, 0.98),
        height * pen.between(0.8, 0.93),
    )
    shaded = not sheet.dark and pen.chance(0.2)
    if shaded:
        fill = pen.pick(((229, 229, 229), (234, 234, 242), (238, 238, 238)))
        sheet.block((plot.left, plot.top, plot.right, plot.bottom), fill)
    draw_grid(plot, WHITE if shaded else sheet.faint)
    draw_edges(plot, bare=shaded)
    draw_ticks(plot)
    if pen.chance(0.7):
        middle = (width * pen.pick((0.5, 0.5, 0.35)), plot.top * 0.5)
        size = max(9, height * 0.045)
        sheet.text(middle, pen.title(pen.whole(1, 3)), size=size, anchor="mm")
    return plot


def draw_grid(plot: Plot, colour: Rgb) -> None:
    """Draw horizontal grid lines, vertical ones too, or none."""
    pen = plot.sheet.pen
    manner = pen.rng.random()
    if manner > 0.6:
        return
    for step in range(1, 6):
        row = plot.y(step / 6)
        plot.sheet.line([(plot.left, row), (plot.right, row)], colour)
        if manner < 0.3:
            column = plot.x(step / 6)
            plot.sheet.line([(column, plot.top), (column, plot.bottom)], colour)


def draw_edges(plot: Plot, *, bare: bool) -> None:
    """Draw two axes, or a frame on all four sides, or nothing on shaded grounds."""
    pen = plot.sheet.pen
    if bare and pen.chance(0.7):
        return
    ink, width = plot.sheet.ink, pen.pick((1, 1, 2))
    corners = [(plot.left, plot.top), (plot.left, plot.bottom), (plot.right, plot.bottom)]
    if pen.chance(0.5):
        corners += [(plot.right, plot.top), (plot.left, plot.top)]
    plot.sheet.line(corners, ink, width)


def draw_ticks(plot: Plot) -> None:
    """Write numbers along the left axis and sometimes small marks on both axes."""
    pen, sheet = plot.sheet.pen, plot.sheet
    size = max(8, sheet.height * pen.between(0.028, 0.042))
    step, digits = pen.pick(((1, 0), (2, 0), (5, 0), (20, 0), (250, 0), (0.2, 1), (2.5, 1)))
    marks = pen.chance(0.6)
    for place in range(pen.whole(5, 8)):
        share = place / 7.5
        sheet.text(
            (plot.left - 6, plot.y(share)), f"{step * place:.{digits}f}", size=size, anchor="rm"
        )
        if marks:
            sheet.line([(plot.left - 4, plot.y(share)), (plot.left, plot.y(share))], sheet.ink)
            sheet.line([(plot.x(share), plot.bottom), (plot.x(share), plot.bottom + 4)], sheet.ink)


def number_columns(plot: Plot) -> None:
    """Write numbers below the horizontal axis."""
    sheet = plot.sheet
    step = sheet.pen.pick((1, 2, 10, 25, 0.5))
    for place in range(7):
        at = (plot.x(place / 6.5), plot.bottom + 5)
        sheet.text(at, f"{step * place:g}", size=max(8, sheet.height * 0.034), anchor="ma")


def draw_legend(plot: Plot, colours: list[Rgb], *, as_lines: bool = False) -> None:
    """Draw a boxed legend in one corner of the plot."""
    sheet, pen = plot.sheet, plot.sheet.pen
    size = max(8, sheet.height * 0.036)
    width, height = size * 6.5, (size + 4) * len(colours) + 6
    left = pen.pick((plot.left + 6, plot.right - width - 6))
    top = pen.pick((plot.top + 6, plot.top + 6, plot.bottom - height - 6))
    sheet.block((left, top, left + width, top + height), sheet.paper, edge=sheet.faint, round_px=2)
    for place, colour in enumerate(colours):
        row = top + 5 + place * (size + 4)
        thickness = 2 if as_lines else size * 0.8
        swatch = row + (size - thickness) / 2
        sheet.block((left + 5, swatch, left + 5 + size * 1.6, swatch + thickness), colour)
        sheet.text((left + 10 + size * 1.6, row), pen.words(1)[:8], size=size)
