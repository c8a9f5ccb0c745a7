"""Numbers of a training run, whose sizes differ by orders of magnitude."""

from django import template

register = template.Library()


@register.filter
def digits(value: float | None) -> str:
    """As many digits as help: 0.78, 0.081, 41.2, 1,310 and 5e−05; a dash where there is nothing."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 100:
        text = f"{value:,.0f}"
    elif size and size < 0.0005:
        text = f"{value:.1e}".replace(".0e", "e")
    elif size < 1:
        text = f"{value:.2g}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")
