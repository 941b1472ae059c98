"""What was measured, and how it stands to its budget."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Figure:
    """Our median beside a peer's, their ratio (above 1: ours is better), and the least ratio that is in budget."""

    work: str
    unit: str
    ours: float
    peer: str
    theirs: float
    ratio: float | None
    budget: str
    is_met: bool
    rounds: int

    @classmethod
    def faster(
        cls, work: str, *, unit: str, ours: Sequence[float], peer: str, theirs: Sequence[float], budget: float
    ) -> Self:
        """More is better: our median must be at least `budget` times the peer's."""
        ratio = median(ours) / median(theirs)
        return cls(
            work=work,
            unit=unit,
            ours=median(ours),
            peer=peer,
            theirs=median(theirs),
            ratio=ratio,
            budget=f"≥ {budget:g}",
            is_met=ratio >= budget,
            rounds=len(ours),
        )

    @classmethod
    def cheaper(
        cls, work: str, *, unit: str, ours: Sequence[float], peer: str, theirs: Sequence[float], budget: float
    ) -> Self:
        """Less is better: the peer's median must be at least `budget` times ours."""
        ratio = median(theirs) / median(ours)
        return cls(
            work=work,
            unit=unit,
            ours=median(ours),
            peer=peer,
            theirs=median(theirs),
            ratio=ratio,
            budget=f"≥ {budget:g}",
            is_met=ratio >= budget,
            rounds=len(ours),
        )

    @classmethod
    def none(cls, work: str, *, unit: str, ours: int, peer: str, theirs: int) -> Self:
        """There must be none of it at all."""
        return cls(
            work=work,
            unit=unit,
            ours=ours,
            peer=peer,
            theirs=theirs,
            ratio=None,
            budget="0",
            is_met=ours == 0,
            rounds=1,
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """The figures of one work, and notes on how they came about."""

    name: str
    title: str
    figures: list[Figure]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """The chapter as plain data."""
        return asdict(self)


def number(value: float) -> str:
    """Three significant digits, thousands separated."""
    if value == 0 or value >= 100 or isinstance(value, int):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
