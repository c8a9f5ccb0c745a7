"""An evaluation's tables as CSV, Markdown and LaTeX. Pure."""

import csv
import io
from collections.abc import Sequence

from training.evaluation.results import Cell, Table
from webapp.text import markdown_line, spreadsheet_text

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def as_csv(tables: Sequence[Table]) -> str:
    """One line a judge, system and measure: long, for programs."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["judge", "is_reward", "system", "measure", "mean", "low", "high", "n", "profiles"]
    )
    for table in tables:
        for row in table.rows:
            for cell in row.cells:
                found = cell.estimate
                figures = (
                    [found.value, _blank(found.low), _blank(found.high), found.n, found.groups]
                    if found
                    else ["", "", "", 0, 0]
                )
                words = [str(table.judge), table.is_reward, str(row.system), cell.measure.label]
                writer.writerow([*(_safe(word) for word in words), *figures])
    return out.getvalue()


def as_markdown(tables: Sequence[Table]) -> str:
    parts = []
    for table in tables:
        head = ["System", *(markdown_line(_head(cell)) for cell in table.rows[0].cells)]
        lines = [head, ["---", *("---:" for _ in head[1:])]]
        lines += [
            [markdown_line(str(row.system)), *(_figure(cell, "**{}**") for cell in row.cells)]
            for row in table.rows
        ]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"{markdown_line(_caption(table))}\n\n{body}\n")
    return "\n".join(parts)


def as_latex(tables: Sequence[Table]) -> str:
    """Tables for the package booktabs."""
    parts = []
    for table in tables:
        head = ["System", *(_head(cell) for cell in table.rows[0].cells)]
        rows = [
            [
                _escaped(str(row.system)),
                *(_escaped_figure(cell) for cell in row.cells),
            ]
            for row in table.rows
        ]
        lines = [" & ".join(cells) + r" \\" for cells in (map(_escaped, head), *rows)]
        parts.append(
            "\n".join(
                [
                    r"\begin{table}",
                    rf"\caption{{{_escaped(_caption(table))}}}",
                    rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
                    r"\toprule",
                    lines[0],
                    r"\midrule",
                    *lines[1:],
                    r"\bottomrule",
                    r"\end{tabular}",
                    r"\end{table}",
                    "",
                ]
            )
        )
    return "\n".join(parts)


def _caption(table: Table) -> str:
    reward = ", which was the reward of one of these models" if table.is_reward else ""
    return (
        f"{table.n:,} prompts of {table.groups:,} profiles, rated by {table.judge}{reward}. Mean "
        "with 95 % interval, bootstrap over profiles. Bold: higher than the comparison "
        "system on the same prompts, also after Holm's correction for several measures."
    )


def _head(cell: Cell) -> str:
    return f"{cell.measure.label}, %" if cell.measure.is_share else cell.measure.label


def _figure(cell: Cell, bold: str) -> str:
    found = cell.estimate
    if found is None:
        return "–"
    factor, places = cell.measure.factor, cell.measure.places
    text = f"{found.value * factor:.{places}f}"
    text = bold.format(text) if cell.is_clear else text
    if found.low is None or found.high is None:
        return text
    return f"{text} ({found.low * factor:.{places}f} to {found.high * factor:.{places}f})"


def _escaped_figure(cell: Cell) -> str:
    return _figure(cell, r"\textbf{{{}}}").replace("–", "--")


def _blank(value: float | None) -> float | str:
    return "" if value is None else value


def _safe(value: object) -> object:
    return spreadsheet_text(value) if isinstance(value, str) else value


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
