"""Texts that were there before get the hash that new ones get (annotation.0022)."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from annotation.models import Target
from annotation.ratings.targets import targets_for, text_target
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, supporter_turns
from webapp.home.management.commands.migrate import as_owner

MIGRATION = import_module("annotation.migrations.0022_texts_have_a_normal_hash")


def hashes() -> dict[str, str]:
    return {str(pk): told for pk, told in Target.objects.values_list("pk", "normal_hash")}


@pytest.mark.django_db(transaction=True)
def test_each_kind_of_target_gets_the_hash_that_it_would_get_today(cast: Cast) -> None:
    dialogue = added(cast.project, parsed(1, own_words=True))[0]
    turns = [turn.pk for turn in supporter_turns(dialogue)]
    targets_for(project=cast.project, turns=turns, dialogues=[dialogue.pk])
    text_target(project=cast.project, profile="", situation="", history=[], raw="Pasted words.")
    today = hashes()
    assert len(set(today.values())) == 4 and all(today.values())
    with as_owner(connection):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE annotation_target DISABLE TRIGGER USER")
            cursor.execute("UPDATE annotation_target SET normal_hash = ''")
            cursor.execute("ALTER TABLE annotation_target ENABLE TRIGGER USER")
        with connection.schema_editor() as editor:
            MIGRATION.fill(apps, editor)
    assert hashes() == today
