"""What the sparse judge sees of a text: TF-IDF of words and characters, and a few relations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from rubrics.judging.inputs import texts_of

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_WORDS = {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"\w+(?:['’]\w+)*|[?!]"}
_CHARACTERS = {"analyzer": "char_wb", "ngram_range": (2, 5)}

RELATION_NAMES = (
    "length",
    "mean word length",
    "distinct words",
    "asks a question",
    "question marks",
    "ends with a question",
    "exclamation marks",
    "words from the last seeker turn",
    "last seeker turn taken up",
    "words from the situation",
    "words from the profile",
)
# Relations are standardised, TF-IDF rows have length 1: this keeps a few from outweighing many.
_RELATION_SCALE = 0.3
# Below this, a term that occurs once is still worth keeping.
_FEW_TEXTS = 200


@dataclass(frozen=True)
class Features:
    """Fitted vectorisers. Columns: words, characters, relations."""

    words: TfidfVectorizer
    characters: TfidfVectorizer
    relation_mean: np.ndarray
    relation_deviation: np.ndarray

    @property
    def text_columns(self) -> int:
        return len(self.words.vocabulary_) + len(self.characters.vocabulary_)

    @property
    def columns(self) -> int:
        return self.text_columns + len(RELATION_NAMES)

    def transform(
        self, texts: Sequence[str], contexts: Sequence[dict[str, Any]]
    ) -> sparse.csr_matrix:
        """Shape (texts, columns)."""
        relations = (_relations(texts, contexts) - self.relation_mean) / self.relation_deviation
        scaled = sparse.csr_matrix(relations * _RELATION_SCALE)
        return sparse.hstack([self.transform_texts(texts), scaled], format="csr")

    def transform_texts(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The columns that need no context. Shape (texts, text_columns)."""
        blocks = [self.words.transform(texts), self.characters.transform(texts)]
        return sparse.hstack(blocks, format="csr")


def fit_features(texts: Sequence[str], contexts: Sequence[dict[str, Any]]) -> Features:
    """Vocabulary, document frequencies and spread from texts and the contexts they stand in.

    Raises ValueError where the texts hold no word at all.
    """
    least = 1 if len(texts) < _FEW_TEXTS else 2
    relations = _relations(texts, contexts)
    deviation = relations.std(axis=0)
    return Features(
        words=TfidfVectorizer(sublinear_tf=True, min_df=least, **_WORDS).fit(texts),
        characters=TfidfVectorizer(sublinear_tf=True, min_df=least, **_CHARACTERS).fit(texts),
        relation_mean=relations.mean(axis=0),
        relation_deviation=np.where(deviation > 0, deviation, 1.0),
    )


def restore_features(
    words: Sequence[str],
    characters: Sequence[str],
    *,
    word_idf: np.ndarray,
    character_idf: np.ndarray,
    relation_mean: np.ndarray,
    relation_deviation: np.ndarray,
) -> Features:
    """Features from what was saved of them. Raises ValueError where the parts do not fit."""
    return Features(
        words=_restore(words, word_idf, _WORDS),
        characters=_restore(characters, character_idf, _CHARACTERS),
        relation_mean=relation_mean,
        relation_deviation=relation_deviation,
    )


def terms(vectoriser: TfidfVectorizer) -> list[str]:
    """The vocabulary in the order of its columns."""
    return vectoriser.get_feature_names_out().tolist()


def _restore(
    vocabulary: Sequence[str], idf: np.ndarray, settings: dict[str, Any]
) -> TfidfVectorizer:
    vectoriser = TfidfVectorizer(sublinear_tf=True, vocabulary=vocabulary, **settings)
    vectoriser.idf_ = idf
    return vectoriser


def _relations(texts: Sequence[str], contexts: Sequence[dict[str, Any]]) -> np.ndarray:
    rows = [_relation(text, context) for text, context in zip(texts, contexts, strict=True)]
    return np.array(rows, dtype=np.float64)


def _relation(text: str, context: dict[str, Any]) -> list[float]:
    words = _words_of(text)
    count, distinct = max(1, len(words)), set(words)
    seeker = set(_words_of(" ".join(texts_of(context, "seeker")[-1:])))
    return [
        np.log1p(len(words)),
        np.log1p(sum(map(len, words)) / count),
        len(distinct) / count,
        "?" in text,
        np.log1p(text.count("?")),
        text.endswith("?"),
        np.log1p(text.count("!")),
        _share(distinct, seeker),
        _share(seeker, distinct),
        _share(distinct, set(_words_of(context["situation"]))),
        _share(distinct, set(_words_of(context["profile"]))),
    ]


def _words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _share(words: set[str], others: set[str]) -> float:
    return len(words & others) / max(1, len(words))
