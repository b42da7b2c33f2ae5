from pathlib import Path

import pytest

from traced.core.errors import ConfigError
from traced.folders import UserFolders, prepare_drop_folder, prepare_folders


@pytest.mark.parametrize("allowed", [0o3730, 0o700])
def test_a_group_may_have_a_folder_to_drop_events_into(tmp_path: Path, allowed: int) -> None:
    """Where several users share a daemon; it cannot be listed, and a file is its owner's."""
    own = UserFolders(tmp_path / "config", tmp_path / "state", tmp_path / "run")
    spool = tmp_path / "spool"
    spool.mkdir()
    spool.chmod(allowed)

    prepare_folders(
        db=own.state / "x.db", socket=own.runtime / "x.sock", spool=spool, own=own, is_shared=True
    )


@pytest.mark.parametrize("wrong", [0o770, 0o1770, 0o2730, 0o3770, 0o3733, 0o755])
def test_a_folder_in_which_a_group_can_do_more_is_refused(tmp_path: Path, wrong: int) -> None:
    """List it, or remove what another one of it dropped."""
    tmp_path.chmod(wrong)
    with pytest.raises(ConfigError) as caught:
        prepare_drop_folder(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path} has mode {wrong:04o}, expected 3730, or 0700 for this user alone:"
        f" run `chmod 3730 {tmp_path}`"
    )
