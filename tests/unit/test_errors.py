"""Every named failure can be told from the others by its exit code."""

from jobs import errors


def test_exit_codes_are_distinct_and_not_zero():
    named = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.NetliftError)]
    codes = [e.exit_code for e in named]
    assert len(set(codes)) == len(codes)
    assert 0 not in codes
