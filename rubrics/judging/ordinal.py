"""An ordinal classifier: one logistic regression for each step between two levels.

Frank and Hall, "A simple approach to ordinal classification", ECML 2001. It is used instead of
one model over all levels because it keeps their order and gives an expected level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

_INVERSE_REGULARISATION = 4.0


@dataclass(frozen=True)
class OrdinalModel:
    """`levels` ascending; a row of `coefficients` and an intercept for each step above one."""

    levels: tuple[int, ...]
    coefficients: np.ndarray  # (steps, columns)
    intercepts: np.ndarray  # (steps,)

    def probabilities(self, features: sparse.csr_matrix) -> np.ndarray:
        """Shape (rows, levels); rows add up to 1."""
        logits = features @ self.coefficients.T + self.intercepts
        above = 0.5 * (1 + np.tanh(logits / 2))  # the logistic function, without overflow
        above = np.minimum.accumulate(above, axis=1)  # a higher level is never likelier
        rows = len(above)
        edges = np.hstack([np.ones((rows, 1)), above, np.zeros((rows, 1))])
        return edges[:, :-1] - edges[:, 1:]


def fit_ordinal(features: sparse.csr_matrix, levels: Sequence[int], *, seed: int) -> OrdinalModel:
    """Fit on one level per row. Raises ValueError where all rows have the same level."""
    given = np.asarray(levels)
    seen = np.unique(given)
    if len(seen) < 2:
        raise ValueError("All ratings have the same level, so there is nothing to learn.")
    steps = [_fit_step(features, given > level, seed) for level in seen[:-1]]
    return OrdinalModel(
        levels=tuple(int(level) for level in seen),
        # Single precision halves the artefact; rounding here keeps a loaded judge equal.
        coefficients=np.vstack([step.coef_ for step in steps]).astype(np.float32),
        intercepts=np.concatenate([step.intercept_ for step in steps]),
    )


def _fit_step(features: sparse.csr_matrix, above: np.ndarray, seed: int) -> LogisticRegression:
    model = LogisticRegression(
        C=_INVERSE_REGULARISATION,
        class_weight="balanced",
        solver="liblinear",
        random_state=seed,
    )
    return model.fit(features, above)
