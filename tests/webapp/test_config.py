"""Secrets of the installation: none has a default that anybody could know."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from webapp import config

GOOD = "k" * config.MIN_SECRET_LENGTH


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "KARDIA_FIELD_KEYS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("value", ["", "short", "django-insecure-" + GOOD])
def test_no_start_without_a_secret_key_of_ones_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    monkeypatch.setenv("SECRET_KEY", value)
    with pytest.raises(ImproperlyConfigured):
        config.secret_key(var=tmp_path, demo=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["", "not-a-fernet-key"])
def test_no_start_without_field_keys_of_ones_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    monkeypatch.setenv("KARDIA_FIELD_KEYS", value)
    with pytest.raises(ImproperlyConfigured) as caught:
        config.field_keys(var=tmp_path, demo=False)
    assert not value or value not in str(caught.value)


def test_a_demo_makes_its_own_once_and_keeps_them_private(tmp_path: Path) -> None:
    first = config.secret_key(var=tmp_path, demo=True)
    keys = config.field_keys(var=tmp_path, demo=True)
    assert config.secret_key(var=tmp_path, demo=True) == first
    assert config.field_keys(var=tmp_path, demo=True) == keys
    assert config.secret_key(var=tmp_path / "other", demo=True) != first
    for key in keys:
        Fernet(key)
    for name in ("secret-key", "field-keys"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
