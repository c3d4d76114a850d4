"""Charts and tables drawn by matplotlib, for evaluation only: a renderer training never saw."""

import io
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.workspace import Workspace

PER_KIND = 40
IMAGE_PX = 128
STYLES = ("default", "ggplot", "seaborn-v0_8", "bmh", "fast", "dark_background", "classic")
FIGURE_INCHES = ((6.4, 4.8), (5.0, 5.0), (7.0, 4.0))


class Chance:
    """Seeded choices of one chart."""

    def __init__(self, seed: int) -> None:
        self.choice = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.parts = self.choice.randint(3, 9)


def bars(axes: Any, chance: Chance) -> None:
    """Draw upright, lying or grouped bars."""
    heights = chance.numbers.uniform(1, 10, (2, chance.parts))
    manner = chance.choice.randint(0, 2)
    places = np.arange(chance.parts)
    if manner == 0:
        axes.bar(places, heights[0])
        axes.set_xticks(places, [f"Q{place}" for place in places])
    elif manner == 1:
        axes.barh(places, heights[0])
    else:
        for group in range(2):
            axes.bar(places + 0.3 * group, heights[group], 0.3, label=f"s{group}")
        axes.legend()


def lines(axes: Any, chance: Chance) -> None:
    """Draw one to four random walks."""
    for run in range(chance.choice.randint(1, 4)):
        axes.plot(np.cumsum(chance.numbers.normal(0, 1, 60)), label=f"run {run}")
    axes.legend()


def pie(axes: Any, chance: Chance) -> None:
    """Draw a pie with labels."""
    names = [f"cat {part}" for part in range(chance.parts)]
    shares = "%1.0f%%" if chance.choice.random() < 0.5 else None
    axes.pie(chance.numbers.uniform(1, 5, chance.parts), labels=names, autopct=shares)


def scatter(axes: Any, chance: Chance) -> None:
    """Draw one to three clouds."""
    for cloud in range(chance.choice.randint(1, 3)):
        x, y = chance.numbers.normal(cloud, 1, (2, 80))
        axes.scatter(x, y, s=chance.choice.choice((8, 20, 36)))


def table(axes: Any, chance: Chance) -> None:
    """Draw a grid of numbers under a row of names."""
    axes.axis("off")
    cells = chance.numbers.integers(0, 999, (chance.parts + 4, 5))
    names = [f"col {column}" for column in range(5)]
    axes.table(cellText=cells, colLabels=names, loc="center").scale(1, 1.4)


CHARTS: dict[str, Callable[[Any, Chance], None]] = {
    "bar chart": bars,
    "line chart": lines,
    "pie chart": pie,
    "scatter plot": scatter,
    "table": table,
}


def render(kind: str, turn: int) -> NDArray[np.uint8]:
    """Return one chart as (128, 128, 3)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    chance = Chance(1000 * turn + list(CHARTS).index(kind))
    style = chance.choice.choice(STYLES) if turn % 2 else "default"
    with pyplot.style.context(style):
        figure, axes = pyplot.subplots(figsize=chance.choice.choice(FIGURE_INCHES), dpi=60)
        CHARTS[kind](axes, chance)
        if kind != "table":
            axes.set_title(f"Report {turn}")
        data = io.BytesIO()
        figure.savefig(data)
        pyplot.close(figure)
    image = Image.open(data).convert("RGB")
    return np.asarray(image.resize((IMAGE_PX, IMAGE_PX), Image.Resampling.LANCZOS))


def bake_charts(workspace: Workspace) -> None:
    """Render the evaluation charts."""
    kinds = [kind for kind in CHARTS for _ in range(PER_KIND)]
    images = [render(kind, turn) for kind in CHARTS for turn in range(PER_KIND)]
    workspace.save_array("eval_charts", np.stack(images))
    workspace.save_json("eval_charts", kinds)
