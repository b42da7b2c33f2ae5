from traced.store.index.numbers import block, volume


def test_pieces_join_without_gap() -> None:
    """A piece begins where the one before it ends, and the first holds number 1."""
    for piece in (block, volume):
        assert piece(0).first <= 1 <= piece(0).last
        assert piece(1).first == piece(0).last + 1


def test_a_volume_is_four_blocks() -> None:
    """Removals are counted by block, and concern the volume of these numbers."""
    assert volume(3) == (block(12).first, block(15).last)
