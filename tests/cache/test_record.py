from hypothesis import example, given
from hypothesis import strategies as st

from chunkflow.cache.record import seal, unseal

KEY = b"0123456789abcdef"
PAYLOAD = b"what a processor said of a chunk"
keys = st.binary(max_size=40)
payloads = st.binary(max_size=300)


@given(keys, payloads)
@example(b"", b"")
def test_a_record_gives_its_payload_back_under_its_own_key(key: bytes, payload: bytes) -> None:
    assert unseal(key, seal(key, payload)) == payload


@given(keys, keys, payloads)
def test_a_record_is_nothing_under_another_key(key: bytes, other: bytes, payload: bytes) -> None:
    assert (unseal(other, seal(key, payload)) is None) == (key != other)


def test_every_flipped_bit_is_noticed() -> None:
    sealed = seal(KEY, PAYLOAD)
    for position in range(len(sealed)):
        for bit in range(8):
            damaged = bytearray(sealed)
            damaged[position] ^= 1 << bit
            assert unseal(KEY, bytes(damaged)) is None, (position, bit)


def test_every_byte_set_to_every_value_is_noticed() -> None:
    sealed = seal(b"k", b"p")
    for position in range(len(sealed)):
        for value in set(range(256)) - {sealed[position]}:
            damaged = sealed[:position] + bytes([value]) + sealed[position + 1 :]
            assert unseal(b"k", damaged) is None, (position, value)


def test_a_record_cut_anywhere_is_noticed() -> None:
    sealed = seal(KEY, PAYLOAD)
    assert all(unseal(KEY, sealed[:end]) is None for end in range(len(sealed)))
    assert all(unseal(KEY, sealed[start:]) is None for start in range(1, len(sealed)))


@given(st.binary(min_size=1, max_size=20))
def test_bytes_after_the_record_are_noticed(more: bytes) -> None:
    assert unseal(KEY, seal(KEY, PAYLOAD) + more) is None


@given(keys, st.binary(max_size=200))
def test_any_other_bytes_are_nothing(key: bytes, sealed: bytes) -> None:
    assert unseal(key, sealed) is None


def test_a_payload_may_not_move_into_the_key() -> None:
    sealed = seal(b"ab", b"cd")
    assert unseal(b"abc", sealed) is None
    assert unseal(b"a", sealed) is None
