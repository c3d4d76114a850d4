"""Nothing of a person's own shell leads `make dev-s3`, or the shell that looks at it, elsewhere."""

import subprocess
from pathlib import Path

from demo.shell import forget_others, home_in, write_exports

OWN = {"PATH": "/bin:/usr/bin", "HOME": "/home/me"}
LEADING = {
    "MMRAG_STATE_ROOT": "s3://mine/state",
    "MMRAG_QDRANT_URL": "http://mine",
    "MMRAG_HOME": "/mine",
    "AWS_PROFILE": "mine",
    "AWS_ENDPOINT_URL_S3": "http://mine",
    "DAGSTER_HOME": "/mine/dagster",
}


def test_what_leads_elsewhere_is_forgotten_and_models_stay() -> None:
    shell = {**OWN, **LEADING, "MMRAG_IMAGE_MODEL": "ViT-B-32/openai"}
    assert forget_others(shell) == {"MMRAG_IMAGE_MODEL": "ViT-B-32/openai"}
    assert shell == {**OWN, "MMRAG_IMAGE_MODEL": "ViT-B-32/openai"}


def test_the_state_is_in_a_folder_of_its_own(tmp_path: Path) -> None:
    assert home_in({"MMRAG_HOME": "/mine"}, default=tmp_path) == Path("/mine/s3")
    assert home_in({"MMRAG_HOME": ""}, default=tmp_path) == tmp_path / "s3"


def test_a_shell_that_read_the_exports_leads_to_the_same_state(tmp_path: Path) -> None:
    home = home_in({}, default=tmp_path)
    write_exports(home, {})
    assert home_in({"MMRAG_HOME": str(home)}, default=tmp_path) == home
    assert home_in({}, default=tmp_path) == home


def test_a_folder_with_exports_of_its_own_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "env.sh").touch()
    assert home_in({"MMRAG_HOME": str(tmp_path)}, default=tmp_path) == tmp_path / "s3"


def test_a_shell_that_reads_the_exports_has_them_and_no_others(tmp_path: Path) -> None:
    exports = write_exports(tmp_path, {"MMRAG_HOME": "/it's here", "AWS_ENDPOINT_URL": "http://a"})
    shell = {**OWN, **LEADING, "MMRAG_OCR": "paddleocr"}
    read = ["sh", "-euc", f". '{exports}'; env"]
    lines = subprocess.run(read, env=shell, capture_output=True, text=True, check=True).stdout
    ours = sorted(line for line in lines.split("\n") if line.startswith(("MM", "AWS", "DAG")))
    assert ours == ["AWS_ENDPOINT_URL=http://a", "MMRAG_HOME=/it's here"]
    assert "HOME=/home/me" in lines.split("\n")
