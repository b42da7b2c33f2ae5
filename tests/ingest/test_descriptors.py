import resource
import subprocess
import sys

from traced.ingest.descriptors import DESCRIPTORS_KEPT, allow_descriptors


def test_descriptors_are_allowed_for_all_connections() -> None:
    """The limit is raised as far as the user may; what fits is told."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, before[1]))

        assert allow_descriptors(200) == 200
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (200 + DESCRIPTORS_KEPT, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_connections_are_fewer_where_the_limit_is_hard() -> None:
    """Some descriptors are kept for the database and the spool."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100));"
        "from traced.ingest.descriptors import allow_descriptors; print(allow_descriptors(200))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert shown.stdout == b"36\n"
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
