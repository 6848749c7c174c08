"""One thread for many small matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep NumPy's matrix products on one thread, inside a block or inside the function it decorates.

    Notes
    -----
    Products of small blocks gain nothing from more threads and lose severalfold when other work is on the
    cores, because the threads wait for one another. One thread also adds up in one order, so that results
    have the same bits whatever the number of cores. Work is meant to run in parallel over surfaces, not inside
    one.

    The limit holds for the whole process. Where several Python threads ask for it, threadpoolctl follows the
    first of them; results agree to rounding then.

    Examples
    --------
    >>> import numpy as np
    >>> with one_blas_thread():
    ...     product = np.eye(3) @ np.ones(3)
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller() -> Any:
    return ThreadpoolController()
