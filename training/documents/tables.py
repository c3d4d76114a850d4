"""Tables: full grids, ruled, striped or plain, large on the page or small in its middle."""

from dataclasses import dataclass

from training.documents.pen import WHITE, Pen, Rgb, blend
from training.documents.sheet import Drawing, Sheet

NAMES = (
    "table",
    "data table",
    "table of data",
    "table with rows and columns",
    "table",
    "table of numbers",
    "spreadsheet",
)


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the cells are and how they are drawn."""

    left: float
    top: float
    row_px: float
    column_px: tuple[float, ...]
    rows: int
    text_px: float
    align: str

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.top + self.row_px * self.rows

    @property
    def edges(self) -> list[float]:
        """Return the left edge of every column and the right edge of the last."""
        return [self.left + sum(self.column_px[:place]) for place in range(len(self.column_px) + 1)]


def draw(pen: Pen) -> Drawing:
    """Draw one table."""
    sheet = Sheet(
        pen, pen.landscape() if pen.chance(0.75) else pen.portrait(), dark=pen.chance(0.06)
    )
    grid = layout(sheet)
    name, accent = pen.hue()
    header = pen.pick(("plain", "plain", "none", "colour", "colour", "grey", "bold"))
    if grid.top > sheet.height * 0.09 and pen.chance(0.5):
        at = (grid.left, grid.top - 6)
        sheet.text(at, pen.title(3), size=max(9, grid.text_px * 1.2), anchor="ld")
    shade_rows(sheet, grid, header, accent)
    write_cells(sheet, grid, on_colour=header == "colour")
    rule(sheet, grid)
    return Drawing(
        sheet.image,
        NAMES,
        name if header == "colour" else "",
        "header" * (header == "colour"),
        sheet.dark,
    )


def layout(sheet: Sheet) -> Grid:
    """Choose between a table that fills the page and a smaller one in its middle."""
    pen = sheet.pen
    rows, columns = pen.whole(4, 17), pen.whole(2, 8)
    small = pen.chance(0.45)
    width = sheet.width * (pen.between(0.5, 0.86) if small else pen.between(0.86, 0.99))
    height = sheet.height * (pen.between(0.35, 0.85) if small else pen.between(0.78, 0.97))
    weights = [1.0] * columns
    if pen.chance(0.5):
        weights = [pen.between(0.6, 1.6) for _ in weights]
    column_px = tuple(width * weight / sum(weights) for weight in weights)
    row_px = min(height / rows, pen.between(14, 34))
    used = row_px * rows
    top = (sheet.height - used) * (0.5 if small else pen.pick((0.5, 0.3, 0.8)))
    size = max(7, min(row_px * pen.between(0.45, 0.7), 16))
    align = pen.pick(("left", "right", "right", "centre", "mixed"))
    return Grid((sheet.width - width) / 2, top, row_px, column_px, rows, size, align)


def shade_rows(sheet: Sheet, grid: Grid, header: str, accent: Rgb) -> None:
    """Fill the header row, stripes and sometimes the first column."""
    pen = sheet.pen
    grey = blend(sheet.paper, sheet.ink, 0.12)
    right = grid.edges[-1]
    stripe = pen.pick((grey, blend(sheet.paper, accent, 0.15)))
    if pen.chance(0.3):
        for row in range(1, grid.rows, 2):
            top = grid.top + row * grid.row_px
            sheet.block((grid.left, top, right, top + grid.row_px), stripe)
    if pen.chance(0.12):
        sheet.block((grid.left, grid.top, grid.edges[1], grid.bottom), grey)
    if header in ("colour", "grey"):
        fill = accent if header == "colour" else blend(sheet.paper, sheet.ink, 0.22)
        sheet.block((grid.left, grid.top, right, grid.top + grid.row_px), fill)


def write_cells(sheet: Sheet, grid: Grid, *, on_colour: bool) -> None:
    """Write words into the first row and column and mostly numbers elsewhere."""
    pen = sheet.pen
    numeric, named_rows = pen.pick((1.0, 0.9, 0.7, 0.3)), pen.chance(0.6)
    digits = pen.pick((9, 99, 999, 99999))
    edges = grid.edges
    for row in range(grid.rows):
        for column, width in enumerate(grid.column_px):
            is_word = row == 0 or (column == 0 and named_rows) or not pen.chance(numeric)
            cell = pen.words(1) if is_word else f"{pen.whole(0, digits)}"
            cell = sheet.fitted(cell, width - 6, grid.text_px)
            middle = grid.top + (row + 0.5) * grid.row_px
            align = grid.align if grid.align != "mixed" else ("left" if is_word else "right")
            fill = WHITE if on_colour and row == 0 else sheet.ink
            write_cell(sheet, cell, (edges[column], middle, width, grid.text_px), align, fill)


def write_cell(
    sheet: Sheet, text: str, place: tuple[float, float, float, float], align: str, fill: Rgb
) -> None:
    """Write one cell; `place` is left edge, middle row, width and text size."""
    left, middle, width, size = place
    column, anchor = {
        "left": (left + 3, "lm"),
        "right": (left + width - 3, "rm"),
        "centre": (left + width / 2, "mm"),
    }[align]
    sheet.text((column, middle), text, size=size, fill=fill, anchor=anchor)


def rule(sheet: Sheet, grid: Grid) -> None:
    """Draw all borders, only horizontal ones, only around the header, or none."""
    pen = sheet.pen
    manner = pen.pick(("all", "all", "all", "all", "rows", "rows", "head", "none"))
    colour = pen.pick(
        (sheet.ink, (0, 0, 0) if not sheet.dark else WHITE, blend(sheet.paper, sheet.ink, 0.3))
    )
    edges, width = grid.edges, pen.pick((1, 1, 1, 2))
    if manner in ("all", "rows"):
        rows: list[int] = list(range(grid.rows + 1))
    else:
        rows = [0, 1, grid.rows] if manner == "head" else []
    for row in rows:
        height = grid.top + row * grid.row_px
        sheet.line([(grid.left, height), (edges[-1], height)], colour, width)
    if manner == "all":
        for edge in edges:
            sheet.line([(edge, grid.top), (edge, grid.bottom)], colour, width)
