"""Secrets of the installation: none has a default that anybody could know."""

import stat
import traceback
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from webapp import config
from webapp.embedded.services import with_mode

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


def test_a_demo_takes_a_secret_key_that_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", GOOD)
    assert config.secret_key(var=tmp_path, demo=True) == GOOD
    assert not (tmp_path / "secret-key").exists()
    monkeypatch.setenv("SECRET_KEY", "short")
    with pytest.raises(ImproperlyConfigured, match="Unset it"):
        config.secret_key(var=tmp_path, demo=True)


def test_the_embedded_studio_stays_a_demo_where_a_secret_key_is_given() -> None:
    assert with_mode({"SECRET_KEY": GOOD}, demo=True)["KARDIA_DEMO"] == "1"
    assert with_mode({"KARDIA_DEMO": "0"}, demo=True)["KARDIA_DEMO"] == "0"
    assert "KARDIA_DEMO" not in with_mode({}, demo=False)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_an_address_that_can_not_be_read_is_not_repeated(variable: str) -> None:
    address = "postgresql://app:s3cret%zz@db/kardia"
    with pytest.raises(ImproperlyConfigured, match=variable) as caught:
        config.database(address, variable=variable)
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in told.replace(address, "")


def test_the_owner_connects_where_one_is_named() -> None:
    assert config.owner_database("") == {}
    owner = config.owner_database("postgresql://owner:s3cret@db:5433/kardia")
    assert [owner[name] for name in ("USER", "PASSWORD", "HOST", "PORT")] == [
        *("owner", "s3cret", "db", "5433")
    ]
