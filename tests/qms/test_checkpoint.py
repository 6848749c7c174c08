"""Signed checkpoints notice what the chain alone cannot: a ledger rewritten whole or cut off at its end."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from qms import Person, Store
from qms.errors import ExchangeError, StoreError
from qms.exchange.checkpoint import (
    check_checkpoints,
    contains_head,
    new_key,
    public_key,
    read_checkpoint,
    read_key,
    sign_checkpoint,
)
from qms.record import canonical, plain

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def renamed(store: Store, name: str) -> None:
    with store.change(by=store.person("a.hoxha").id) as change:
        change.save(change.get(Person, "b.krasniqi").revised(name=name))


def cut(store: Store, after: int) -> None:
    store.close()
    with closing(sqlite3.connect(store.engine.url.database or "")) as connection:
        connection.execute("DROP TRIGGER event_is_never_deleted")
        connection.execute("DELETE FROM event WHERE seq > ?", (after,))
        connection.commit()


def test_a_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    place = tmp_path / "key.pem"
    told = new_key(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert public_key(read_key(place)) == told
    with pytest.raises(StoreError, match="never overwritten"):
        new_key(place)
    assert public_key(read_key(place)) == told


def test_a_passphrase_is_needed_and_checked(tmp_path: Path) -> None:
    place = tmp_path / "key.pem"
    told = new_key(place, passphrase="më së miri")
    assert public_key(read_key(place, passphrase="më së miri")) == told
    for wrong, said in (("", "needs its passphrase"), ("other", "not the right one")):
        with pytest.raises(ExchangeError, match=said):
            read_key(place, passphrase=wrong)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "key.pem"
    with pytest.raises(ExchangeError, match="cannot be read"):
        read_key(place)
    place.write_bytes(b"not a key")
    with pytest.raises(ExchangeError, match="no key in PEM"):
        read_key(place)
    other = generate_private_key(SECP256R1())
    place.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ExchangeError, match="Expected Ed25519"):
        read_key(place)
    with pytest.raises(StoreError, match="cannot be written"):
        new_key(tmp_path / "nowhere" / "key.pem")


def test_a_checkpoint_holds_while_the_ledger_grows(store: Store, tmp_path: Path) -> None:
    told = new_key(tmp_path / "key.pem")
    signed = sign_checkpoint(store, read_key(tmp_path / "key.pem"))
    assert (signed.seq, signed.hash) == store.head()
    assert signed.units == ("AL-TIR",)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(told)).verify(
        bytes.fromhex(signed.signature), signed.signed_bytes()
    )
    assert sign_checkpoint(store, read_key(tmp_path / "key.pem")) == signed
    renamed(store, "Besa K.")
    found = check_checkpoints(store, [signed], trusted=[told])
    assert (bool(found), found.checked, found.problems, found.notes) == (True, 1, (), ())
    assert read_checkpoint(canonical(plain(signed))) == signed


def test_an_empty_ledger_or_none_signed_is_said(store: Store) -> None:
    assert check_checkpoints(store).notes == ("there is no checkpoint to compare with",)


def test_a_key_that_is_not_trusted_is_noted(store: Store, tmp_path: Path) -> None:
    told = new_key(tmp_path / "key.pem")
    sign_checkpoint(store, read_key(tmp_path / "key.pem"))
    found = check_checkpoints(store)
    assert found
    assert told[:16] in found.notes[0]


@only_sqlite
def test_a_trusted_key_that_signed_nothing_is_a_problem(store: Store, tmp_path: Path) -> None:
    told = new_key(tmp_path / "key.pem")
    for signed in (False, True):
        if signed:
            sign_checkpoint(store, read_key(tmp_path / "key.pem"))
        found = check_checkpoints(store, trusted=[told, "AB" * 32])
        assert [each.where for each in found.problems] == [
            f"trusted key {key[:16]}" for key in ([] if signed else [told]) + ["ab" * 32]
        ]
        assert "no checkpoint signed with it" in str(found.problems[0])
    assert check_checkpoints(store, trusted=[told.upper()]).problems == ()
    with pytest.raises(ExchangeError, match="64 hexadecimal digits"):
        check_checkpoints(store, trusted=["signer.pem"])


@only_sqlite
def test_an_end_cut_off_is_found(store: Store, tmp_path: Path) -> None:
    new_key(tmp_path / "key.pem")
    renamed(store, "Besa K.")
    signed = sign_checkpoint(store, read_key(tmp_path / "key.pem"))
    cut(store, after=signed.seq - 1)
    found = check_checkpoints(store)
    assert not found
    assert "cut off" in str(found.problems[0])


def test_a_ledger_written_anew_is_found(make_store: Callable[..., Store], tmp_path: Path) -> None:
    new_key(tmp_path / "key.pem")
    signed = sign_checkpoint(make_store(), read_key(tmp_path / "key.pem"))
    other = make_store()
    assert other.verify()
    found = check_checkpoints(other, [signed])
    assert not found
    assert "rewritten" in found.problems[0].what


@pytest.mark.parametrize(
    "change",
    [{"seq": 3}, {"hash": "ab" * 32}, {"units": ("MK-SK",)}, {"key": "cd" * 32}, {"signature": "0" * 128}],
)
def test_every_word_of_a_checkpoint_is_signed(store: Store, tmp_path: Path, change: dict[str, object]) -> None:
    new_key(tmp_path / "key.pem")
    signed = sign_checkpoint(store, read_key(tmp_path / "key.pem"))
    forged = signed.model_copy(update=change)
    found = check_checkpoints(store, [forged])
    assert [each.what for each in found.problems] == [
        "its signature does not fit; it was changed or made without the key"
    ]


def test_a_printed_head_is_found_again(store: Store) -> None:
    printed = store.head()
    renamed(store, "Besa K.")
    assert contains_head(store, str(printed))
    assert contains_head(store, f" {printed.seq} : {printed.hash[:12].upper()} ")
    other = "0" if printed.hash[0] != "0" else "1"
    assert not contains_head(store, f"{printed.seq}:{other}{printed.hash[1:]}")
    assert not contains_head(store, f"{printed.seq + 1}:{printed.hash}")
    assert not contains_head(store, f"{printed.seq + 100}:{printed.hash}")
    for wrong in (
        f"{printed.seq}:{printed.hash[:11]}",
        printed.hash,
        "",
        f"{printed.seq}:{printed.hash}0",
        "x:" + "0" * 12,
    ):
        with pytest.raises(ExchangeError, match="at least 12 digits"):
            contains_head(store, wrong)


def test_what_is_no_checkpoint_is_refused() -> None:
    for wrong in ("", "[]", "{}", '{"seq":0}', "nonsense"):
        with pytest.raises(ExchangeError, match="not a checkpoint"):
            read_checkpoint(wrong)
