"""Page, API and service have the same bounds."""

import pytest

from training.checkpoints.api import NewFetchSerializer, PathSerializer, UploadSerializer
from training.checkpoints.forms import HubForm, PathForm, UploadForm
from training.models import Checkpoint, ModelFetch

LICENCE = Checkpoint._meta.get_field("licence").max_length
NAME = Checkpoint._meta.get_field("name").max_length


@pytest.mark.parametrize(
    ("form", "serializer"),
    [(UploadForm, UploadSerializer), (PathForm, PathSerializer), (HubForm, NewFetchSerializer)],
)
def test_form_and_serializer_ask_for_the_same(form: type, serializer: type) -> None:
    shown = {name: field for name, field in form().fields.items() if name != "key"}
    asked = serializer().fields
    assert set(shown) == set(asked)
    lengths = {name: getattr(field, "max_length", None) for name, field in shown.items()}
    assert lengths == {name: getattr(field, "max_length", None) for name, field in asked.items()}
    assert (lengths["name"], lengths["licence"]) == (NAME, LICENCE)


def test_the_rows_have_room_for_them() -> None:
    for name in ("repo", "revision", "licence", "name"):
        most = HubForm().fields[name].max_length
        assert ModelFetch._meta.get_field(name).max_length == most
    assert Checkpoint._meta.get_field("source").max_length == PathForm().fields["path"].max_length
