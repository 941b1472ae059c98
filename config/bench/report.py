"""The figures as text for the terminal and as the page `docs/benchmarks.md`."""

from collections.abc import Iterable, Mapping, Sequence

from config.bench.figures import Chapter, Figure, number

HEADS = ("work", "unit", "Puppies", "peer", "its figure", "ratio", "budget", "")


def cells(figure: Figure) -> tuple[str, ...]:
    """One figure in the columns of the table."""
    return (
        figure.work,
        figure.unit,
        number(figure.ours),
        figure.peer,
        number(figure.theirs),
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.budget,
        "met" if figure.is_met else "MISSED",
    )


def table(chapters: Iterable[Chapter]) -> str:
    """All figures in aligned columns."""
    rows = [HEADS, *(cells(figure) for chapter in chapters for figure in chapter.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def text(chapters: Sequence[Chapter], machine: Mapping[str, str]) -> str:
    """What the command prints."""
    notes = [f"{chapter.name}: {note}" for chapter in chapters for note in chapter.notes]
    return "\n".join([table(chapters), "", *notes, "", f"On {sentence(machine)}."])


def sentence(machine: Mapping[str, str]) -> str:
    """The machine and its versions in one line."""
    plain = [machine["processor"], machine["memory"], machine["system"]]
    versions = [f"{name} {value}" for name, value in machine.items() if name not in PLAIN]
    return f"{machine['date']}, {', '.join([*plain, *versions])}"


PLAIN = frozenset({"date", "processor", "memory", "system"})

INTRODUCTION = """# Benchmarks

Written by `manage.py bench all --write`; `make bench` measures anew and prints the same table without writing. Each work runs beside
a peer on the same stores, in turns, so that the ratios of one run mean something on any machine; the absolute figures belong to the
machine named below. Medians of the rounds; the first round of each is not counted.
"""

READING = """## How to read it

- **ratio** is above 1 where Puppies is better than its peer. A *floor* (the raw statement, the plain view) cannot be beaten: there the
  ratio says what the guarantees cost. **budget** is the least ratio, or the most losses, that is accepted; `manage.py bench` ends with
  exit code 1 when one is missed.
- The load, the API, the workers, PostgreSQL and Kafka share the cores of one machine. On more cores everything is faster, and the
  ratios of work that crosses processes (fan-out) rise, for its steps overlap.
- Kafka is the embedded broker, in memory; its waiting fetches are not woken by a publish, which adds up to 50 ms to a task's way.
- `--quick` stores fewer rows and runs fewer rounds: good enough to see a change by a factor.
"""


def page(chapters: Sequence[Chapter], machine: Mapping[str, str]) -> str:
    """The whole of `docs/benchmarks.md`."""
    sections = [
        f"## {chapter.title}\n\n" + "\n".join(f"- {note}" for note in chapter.notes) for chapter in chapters
    ]
    environment = "\n".join(
        ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items())]
    )
    parts = [INTRODUCTION, markdown_table(chapters), *sections, READING.rstrip(), "## Where", environment]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def markdown_table(chapters: Iterable[Chapter]) -> str:
    """All figures as a Markdown table."""
    rows = [cells(figure) for chapter in chapters for figure in chapter.figures]
    lines = [HEADS, ("---",) * len(HEADS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
