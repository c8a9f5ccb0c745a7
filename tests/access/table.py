"""docs/permissions.md as rules."""

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "permissions.md"
ROLES = ("clinician", "annotator", "lead", "admin")
SOCKET = "WS"


@dataclass(frozen=True)
class Rule:
    """What one row of the table says."""

    section: str
    name: str
    methods: tuple[str, ...]
    allowed: frozenset[str]

    @property
    def is_public(self) -> bool:
        return self.section == "Public"


def rules() -> list[Rule]:
    found, section = [], ""
    for line in FILE.read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ").strip()
        if not line.startswith("| ") or line.startswith(("| url_name", "|---")):
            continue
        name, methods, *answers = [cell.strip() for cell in line.strip("|").split("|")]
        wrong = [answer for answer in answers if answer not in ("yes", "no")]
        if len(answers) != len(ROLES) or wrong:
            raise ValueError(f"docs/permissions.md: this row is not a rule: {line}")
        allowed = frozenset(
            role for role, answer in zip(ROLES, answers, strict=True) if answer == "yes"
        )
        found.append(Rule(section, name, tuple(methods.split()), allowed))
    return found
