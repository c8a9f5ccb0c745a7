import pytest

from annotation.formats.registry import READERS, detect
from tests.support.source_files import SHAPES

FILES = {
    "kardiabench": "kardiabench-shape.jsonl",
    "epitome": "epitome-shape.jsonl",
    "esconv": "esconv-shape.json",
}


@pytest.mark.parametrize("name", READERS)
def test_a_format_is_known_by_its_first_bytes(name):
    content = (SHAPES / FILES[name]).read_bytes()
    assert detect(content[:4096]) == name
    assert detect(b"\xef\xbb\xbf" + content[:4096]) == name
    assert READERS[name].name == name
    assert READERS[name].label


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"name,text\n1,2", b'{"text": "hi"}', b'"person" and nothing else'],
)
def test_other_content_is_not_guessed(content):
    assert detect(content) is None


def test_content_with_the_keys_of_two_formats_is_not_guessed():
    assert detect(b'{"person": "x", "seeker_id": "y", "seeker_post": "z"') is None


@pytest.mark.parametrize("name", READERS)
def test_a_file_is_counted_as_it_is_read(name):
    reader = READERS[name]
    with (SHAPES / FILES[name]).open("rb") as file:
        read = sum(1 for _ in reader.read(file))
        file.seek(0)
        assert reader.count(file) == read > 0
