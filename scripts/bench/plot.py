"""The picture of a comparison; needs matplotlib, which the extra `bench` has."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.commands import FLOORS, OURS
from bench.rounds import Measured

_OUR_COLOR, _FLOOR_COLOR, _PEER_COLOR = "#2f6fdf", "#8a8f98", "#c9cdd4"
_TEXT_COLOR = "#24292f"


class PlotError(Exception):
    """There can be no picture; says what to do."""


def require_matplotlib() -> None:
    """Raises PlotError where it is not installed, before anything was measured."""
    _pyplot()


def plot(measured: Sequence[Measured], path: Path, *, title: str, note: str) -> None:
    """Write a bar chart of the wall times, on a logarithmic scale. Raises PlotError."""
    pyplot = _pyplot()
    # Longest at the top, so that the eye ends at the shortest.
    rows = sorted(measured, key=lambda each: each.wall_s)
    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(rows) + 1.5), dpi=160)
    colors = [_color(each.command.name) for each in rows]
    bars = axes.barh([_label(each) for each in rows], [r.wall_s for r in rows], color=colors)
    texts = [f" {_seconds(each.wall_s)}" for each in rows]
    for bar, text, each in zip(bars, texts, rows, strict=True):
        weight = "bold" if each.command.name in OURS else "normal"
        place = bar.get_y() + bar.get_height() / 2
        axes.text(each.wall_s, place, text, va="center", color=_TEXT_COLOR, weight=weight)
    _finish(axes, rows, title, note)
    figure.savefig(path, bbox_inches="tight", facecolor="white")
    pyplot.close(figure)


def _finish(axes: Any, rows: Sequence[Measured], title: str, note: str) -> None:
    shortest, longest = rows[0].wall_s, rows[-1].wall_s
    axes.set_xscale("log")
    axes.set_xlim(shortest / 1.6, longest * 2.2)
    axes.xaxis.set_major_formatter(lambda value, _: _seconds(value))
    axes.xaxis.set_minor_formatter(lambda *_: "")
    axes.tick_params(which="both", colors=_TEXT_COLOR, length=0)
    for label, each in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_weight("bold" if each.command.name in OURS else "normal")
    axes.grid(axis="x", color="#e6e8eb")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_title(title, loc="left", color=_TEXT_COLOR, weight="bold", fontsize=12)
    axes.set_xlabel(note, loc="left", color="#57606a", fontsize=8)


def _color(name: str) -> str:
    if name in OURS:
        return _OUR_COLOR
    return _FLOOR_COLOR if name in FLOORS else _PEER_COLOR


def _label(each: Measured) -> str:
    return each.command.label.replace("`", "")


def _seconds(value: float) -> str:
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"


def _pyplot() -> Any:
    try:
        import_module("matplotlib").use("agg")
        return import_module("matplotlib.pyplot")
    except ImportError as exc:
        raise PlotError('a picture needs matplotlib: pip install "chunkflow[bench]"') from exc
