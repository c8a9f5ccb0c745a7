"""What a page says, apart from how its template is laid out."""

import re
from typing import Any


def html_of(response: Any) -> str:
    """The HTML of a response, or of a string, with each run of white space as one space."""
    html = response if isinstance(response, str) else response.content.decode()
    return re.sub(r" (?=/?>)", "", re.sub(r"\s+", " ", html))
