"""Words for what dialogues carry."""

from django import template

from annotation.corpus.queries import SOURCE_LABELS

register = template.Library()


@register.filter
def source_label(source: str) -> str:
    """“KardiaBench” for a source; a source that we do not know keeps its own name."""
    return SOURCE_LABELS.get(source, source)
