"""Where a process runs is told by its environment alone."""

import pytest

from jobs.errors import BadEnvironment
from jobs.runtime.place import Place, place


def test_a_machine_of_ones_own_is_billed_by_nobody() -> None:
    assert place({"LANG": "C"}) is None


def test_lambda_says_its_memory() -> None:
    here = place({"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008"})
    assert here == Place("lambda", 3008, None)
    assert here.gb_seconds(2) == pytest.approx(5.875)
    assert here.vcpu_seconds(2) is None


def test_of_a_batch_job_its_definition_says_memory_and_processors() -> None:
    here = place({"AWS_BATCH_JOB_ID": "j", "NETLIFT_MEMORY_MB": "8192", "NETLIFT_VCPUS": "2"})
    assert here == Place("batch", 8192, 2)
    assert (here.gb_seconds(10), here.vcpu_seconds(10)) == (80, 20)


def test_what_nothing_says_is_not_made_up() -> None:
    here = place({"AWS_BATCH_JOB_ID": "j"})
    assert here is not None
    assert (here.gb_seconds(10), here.vcpu_seconds(10)) == (None, None)


@pytest.mark.parametrize("text", ["much", "0", "-1", "inf", "nan"])
def test_a_size_that_is_none_is_named(text: str) -> None:
    with pytest.raises(BadEnvironment, match=f"NETLIFT_VCPUS is '{text}'"):
        place({"AWS_BATCH_JOB_ID": "j", "NETLIFT_VCPUS": text})
