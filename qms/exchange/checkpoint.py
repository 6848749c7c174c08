"""Signed checkpoints: somebody's word, kept elsewhere, on how long a ledger was and what its last hash was.

The chain of a ledger shows every change in its middle. Whoever holds the store can still write the whole chain
anew or cut off its end; against that stands a head that was signed with a key the holder does not have, or that
was printed on a report.

Limits
------
A checkpoint kept only in the store goes with it. A signature proves who held the key, and the time is the signer's
own; it is no time stamp of a third party.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import Field, ValidationError
from sqlalchemy import Connection, insert, select

from qms import schema
from qms.database import reading, writing
from qms.errors import ExchangeError, StoreError, described
from qms.keeping import read_head
from qms.ledger import BEGINNING, Problem
from qms.record import Moment, Part, Sha256, canonical, plain

if TYPE_CHECKING:
    from qms.store import Store

PURPOSE = "qms checkpoint 1"
"""Signed with the rest, so that a signature for something else never passes for a checkpoint."""
HEAD = re.compile(r"([0-9]{1,15}):([0-9a-f]{12,64})")
KEY = re.compile(r"[0-9a-f]{64}")
LARGEST_KEY = 10_000


class Checkpoint(Part):
    """How long a ledger was and the hash of its last event, signed.

    Attributes
    ----------
    seq : int
    hash : str
        Of the event with that number.
    at : datetime
        When it was signed, by the signer's clock.
    units : tuple of str
        Codes of the units whose records the store held.
    key : str
        Public Ed25519 key, 64 hexadecimal digits.
    signature : str
        128 hexadecimal digits, over the canonical JSON of all the rest.
    """

    seq: Annotated[int, Field(ge=1, lt=2**53)]
    hash: Sha256
    at: Moment
    units: tuple[str, ...] = ()
    key: Sha256
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$|^$")]

    def signed_bytes(self) -> bytes:
        """Return what is signed."""
        return canonical({**plain(self), "signature": None, "purpose": PURPOSE})

    def is_genuine(self) -> bool:
        """Return whether the signature was made with the key over these words."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), self.signed_bytes())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class CheckpointCheck:
    """What came of checking checkpoints; false if anything is wrong.

    Attributes
    ----------
    checked : int
    problems : tuple of Problem
    notes : tuple of str
        Such as keys that are not among the trusted ones.
    """

    checked: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.problems


def new_key(path: str | Path, *, passphrase: str = "") -> str:
    """Make a key, write it into a PEM file that only its owner can read, and return the public half.

    Parameters
    ----------
    path : str or Path
        Never overwritten. Keep it away from the store.
    passphrase : str, optional
        Encrypts the file.

    Returns
    -------
    str
        Public key, 64 hexadecimal digits; publish it, so that others can check.

    Raises
    ------
    StoreError
        If there is a file already or it cannot be written.
    """
    path = Path(path)
    key = Ed25519PrivateKey.generate()
    sealed = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
            out.flush()
            os.fsync(out.fileno())
    except FileExistsError as error:
        raise StoreError(f"There is a file at {path} already; a key is never overwritten.") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror or error}). Check the folder.") from error
    return public_key(key)


def read_key(path: str | Path, *, passphrase: str = "") -> Ed25519PrivateKey:
    """Return the key that a PEM file holds.

    Raises
    ------
    ExchangeError
        If it cannot be read, holds no Ed25519 key or wants another passphrase.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            key = load_pem_private_key(stream.read(LARGEST_KEY), passphrase.encode() if passphrase else None)
    except OSError as error:
        raise ExchangeError(f"The key {path} cannot be read ({error.strerror or error}).") from error
    except TypeError as error:
        needed = "is not encrypted; leave the passphrase out" if passphrase else "needs its passphrase"
        raise ExchangeError(f"The key {path} {needed}.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ExchangeError(f"{path} holds no key in PEM, or the passphrase is not the right one.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ExchangeError(f"{path} holds a key of another sort. Expected Ed25519; make one with new_key.")
    return key


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key as 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def sign_checkpoint(store: Store, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign the head of a ledger, keep the checkpoint in the store and return it to be kept elsewhere.

    Raises
    ------
    ExchangeError
        If the ledger is empty.

    Notes
    -----
    A head that the same key signed before is not signed again; the earlier checkpoint is returned.
    """
    table = schema.checkpoint
    with writing(store.engine) as connection:
        head = read_head(connection)
        if not head.seq:
            raise ExchangeError("The ledger is empty; there is nothing to sign yet.")
        own = select(table.c.body).where(table.c.seq == head.seq, table.c.key == public_key(key))
        for body in connection.execute(own).scalars():
            held = _read(body)
            if held is not None and held.hash == head.hash and held.is_genuine():
                return held
            raise ExchangeError(f"The store holds a checkpoint at {head.seq} that is not sound. Check them first.")
        units = select(schema.record.c.ref).where(schema.record.c.kind == "unit").order_by(schema.record.c.ref)
        unsigned = Checkpoint(
            seq=head.seq,
            hash=head.hash,
            at=store.now(),
            units=tuple(connection.execute(units).scalars()),
            key=public_key(key),
            signature="",
        )
        signed = unsigned.model_copy(update={"signature": key.sign(unsigned.signed_bytes()).hex()})
        row = {"seq": signed.seq, "key": signed.key, "body": canonical(plain(signed)).decode()}
        connection.execute(insert(table), row)
    return signed


def read_checkpoint(body: str | bytes) -> Checkpoint:
    """Return the checkpoint that a JSON text holds.

    Raises
    ------
    ExchangeError
        If it holds none.
    """
    try:
        return Checkpoint.model_validate_json(body)
    except ValidationError as error:
        raise ExchangeError(f"This is not a checkpoint of a ledger. {described(error)}.") from error


def kept_checkpoints(connection: Connection) -> list[str]:
    """Return the checkpoints that a store holds, as they are kept, the earliest first."""
    table = schema.checkpoint
    return list(connection.execute(select(table.c.body).order_by(table.c.seq, table.c.key)).scalars())


def check_checkpoints(
    store: Store, checkpoints: Iterable[Checkpoint] = (), *, trusted: Collection[str] = ()
) -> CheckpointCheck:
    """Compare a ledger with what was signed about it.

    Parameters
    ----------
    store : Store
    checkpoints : iterable of Checkpoint
        That were kept elsewhere; those in the store are checked in any case.
    trusted : collection of str
        Public keys, as `new_key` returns them, of whoever may sign; there has to be a checkpoint by each.

    Raises
    ------
    ExchangeError
        If a trusted key is none.

    Notes
    -----
    Whether the ledger itself is sound up to there is for `Store.verify` to say.
    """
    problems: list[Problem] = []
    wanted = [_key(each) for each in trusted]
    with reading(store.engine) as connection:
        given = list(checkpoints)
        for body in kept_checkpoints(connection):
            held = _read(body)
            if held is None:
                problems.append(Problem("a checkpoint in the store", "it is not understood; it was changed"))
            elif held not in given:
                given.append(held)
        given.sort(key=lambda each: each.seq)
        for each in given:
            wrong = _wrong(connection, each)
            if wrong:
                problems.append(Problem(f"checkpoint at event {each.seq} of {each.at:%Y-%m-%d}", wrong))
    signers = {each.key for each in given}
    for key in wanted:
        if key not in signers:
            what = "no checkpoint signed with it is in the store or was given; give the one kept elsewhere"
            problems.append(Problem(f"trusted key {key[:16]}", what))
    unknown = sorted(signers - set(wanted))
    notes = [f"the key {key[:16]} is not among the trusted ones; anybody could have signed" for key in unknown]
    if not given:
        notes.append("there is no checkpoint to compare with")
    return CheckpointCheck(len(given), tuple(problems), tuple(notes))


def contains_head(store: Store, head: str) -> bool:
    """Return whether a head, such as one printed on a report, is that of the ledger or was once.

    Parameters
    ----------
    store : Store
    head : str
        Number and hash, such as ``"12:a4f1..."``; of the hash at least its first 12 digits.

    Raises
    ------
    ExchangeError
        If it is not written like that.
    """
    found = HEAD.fullmatch("".join(head.split()).lower())
    if found is None:
        raise ExchangeError(
            f"{head!r} is not the head of a ledger. Expected its number, a colon and at least 12 digits of the "
            "hash, such as 12:a4f19c03b7de."
        )
    with reading(store.engine) as connection:
        return (hash_at(connection, int(found[1])) or "").startswith(found[2])


def hash_at(connection: Connection, seq: int) -> str | None:
    """Return the hash of the event with a number, or None if the ledger is shorter."""
    if seq == 0:
        return BEGINNING
    found: str | None = connection.execute(select(schema.event.c.hash).where(schema.event.c.seq == seq)).scalar()
    return found


def _key(words: str) -> str:
    key = words.strip().lower()
    if not KEY.fullmatch(key):
        raise ExchangeError(
            f"{words!r} is not a public key. Expected 64 hexadecimal digits, as 'qms ledger key' prints them."
        )
    return key


def _read(body: str) -> Checkpoint | None:
    try:
        return read_checkpoint(body)
    except ExchangeError:
        return None


def _wrong(connection: Connection, checkpoint: Checkpoint) -> str:
    if not checkpoint.is_genuine():
        return "its signature does not fit; it was changed or made without the key"
    found = hash_at(connection, checkpoint.seq)
    if found is None:
        last = read_head(connection).seq
        return f"the ledger ends with event {last}; what came after was cut off"
    if found != checkpoint.hash:
        return f"the ledger was rewritten: its hash there was {checkpoint.hash[:16]} and is {found[:16]}"
    return ""
